//! The path of a unit.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::acts;

/// What the root itself is called as a unit.
const ROOT: &str = ".";

/// The folder of a unit, relative to the repository root, with forward slashes: `dev/us-east-1/mgmt/ecs-deploy-runner`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct UnitPath(String);

impl UnitPath {
    /// Takes a folder below the root; `None` if it is not valid UTF-8, has characters that would act on a terminal
    /// or break a line, or leaves the root.
    pub fn new(relative: &Path) -> Option<Self> {
        let mut parts = Vec::new();
        for component in relative.components() {
            match component {
                std::path::Component::Normal(part) => parts.push(part.to_str().filter(|part| !part.chars().any(acts))?),
                std::path::Component::CurDir => {}
                _ => return None,
            }
        }
        Some(Self(if parts.is_empty() { ROOT.to_owned() } else { parts.join("/") }))
    }

    /// Whether this unit lies somewhere in the folder of another one.
    pub fn lies_in(&self, other: &Self) -> bool {
        let below = |folder: &str| self.0.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        if other.0 == ROOT { self.0 != ROOT } else { below(&other.0) }
    }

    /// The path with forward slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder on disk.
    pub fn in_root(&self, root: &Path) -> PathBuf {
        if self.0 == ROOT { root.to_owned() } else { root.join(&self.0) }
    }

    /// A name for files that belong to this unit: no two units share it, and it has no slash.
    pub fn slug(&self) -> String {
        if self.0 == ROOT { "~".to_owned() } else { file_name(&self.0) }
    }
}

/// A text as the name of a file: no two texts have the same one, also where a file system takes large and small letters, or
/// several ways to write an accent, for the same. What such a file system could mix up is escaped: `/` as `~1`, `~` as `~0`,
/// `A` as `~a`, what isn't ASCII as `~2`, its number and `~`.
pub fn file_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '~' => name.push_str("~0"),
            '/' => name.push_str("~1"),
            'A'..='Z' => name.extend(['~', letter.to_ascii_lowercase()]),
            ' '..='}' => name.push(letter),
            letter => name.push_str(&format!("~2{:x}~", u32::from(letter))),
        }
    }
    name
}

impl fmt::Display for UnitPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a name of a file stands for.
    fn unescaped(name: &str) -> String {
        let mut text = String::new();
        let mut rest = name.chars();
        while let Some(letter) = rest.next() {
            text.push(match (letter, letter == '~') {
                (letter, false) => letter,
                _ => match rest.next().unwrap() {
                    '0' => '~',
                    '1' => '/',
                    '2' => {
                        let number: String = rest.by_ref().take_while(|digit| *digit != '~').collect();
                        char::from_u32(u32::from_str_radix(&number, 16).unwrap()).unwrap()
                    }
                    small => small.to_ascii_uppercase(),
                },
            });
        }
        text
    }

    proptest! {
        #[test]
        fn names_of_files_are_as_distinct_as_what_they_are_names_of(text in "[a-cA-C/~0-2.é\u{301}\u{212a}]{0,12}|\\PC*") {
            let name = file_name(&text);
            prop_assert_eq!(unescaped(&name), text);
            prop_assert!(name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'/' && !byte.is_ascii_uppercase()));
        }
    }

    #[test]
    fn names_of_files_are_readable() {
        assert_eq!(file_name("dev/us-east-1"), "dev~1us-east-1");
        assert_eq!(file_name("Dev"), "~dev");
        assert_ne!(file_name("a~/b"), file_name("a/~b"));
    }

    #[test]
    fn a_unit_lies_in_folders_around_it_and_in_no_other() {
        let unit = |path: &str| UnitPath::new(Path::new(path)).unwrap();
        for (inner, outer, expected) in [
            ("dev/a/b", "dev/a", true),
            ("dev/a/b", ".", true),
            ("dev/a", "dev/a", false),
            (".", ".", false),
            (".", "dev", false),
            ("dev/ab", "dev/a", false),
            ("dev/a", "dev/a/b", false),
        ] {
            assert_eq!(unit(inner).lies_in(&unit(outer)), expected, "{inner} in {outer}");
        }
    }
}
