//! Pins outside HCL: the release of terraform-aws-ci in build scripts and in the files of CI. They decide no unit's tag,
//! and should not stay behind either.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Repository, discover, files, walk};
use crate::model::{ImageName, Place, Tag, regular};

/// What a build script calls the release whose Dockerfile it builds.
const IN_SCRIPTS: &str = "DOCKERFILE_REPO_REF";
/// What CI calls the release whose scripts it installs.
const IN_CI: &str = "MODULE_CI_VERSION";
/// The folder in which a Reference Architecture keeps its build scripts.
const SCRIPTS: &str = "container_images";
/// The folder in which it keeps what CI runs.
const CI: &str = "_ci";
/// Files of CI at the top of a checkout, and folders of them.
const CI_FILES: [&str; 4] = [".gitlab-ci.yml", "Jenkinsfile", "azure-pipelines.yml", "bitbucket-pipelines.yml"];
const CI_FOLDERS: [&str; 3] = [".circleci", ".github/workflows", ".gitlab"];

/// A version that is written in a script or a file of CI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsidePin {
    /// The file, relative to the root.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The name in front of it.
    pub key: &'static str,
    /// The image whose release it is.
    pub image: ImageName,
    /// What it says, if that is a plain word; `None` if it is worked out when the script runs.
    pub value: Option<String>,
    /// The bytes of what it says, without quotes.
    pub span: Range<usize>,
}

impl OutsidePin {
    /// The place, for messages.
    pub fn place(&self) -> Place {
        Place::line(&self.file, self.line)
    }
}

impl Repository {
    /// The pins outside HCL, by file and line. Looks through the checkout, which takes longer than reading the units.
    pub fn outside_pins(&self) -> Vec<OutsidePin> {
        let top = discover::git_root(&self.root).unwrap_or(&self.root);
        let mut found: Vec<_> = candidates(top)
            .into_iter()
            .filter_map(|(path, key)| Some((regular::bytes(&path).ok()?, path, key)))
            .flat_map(|(bytes, path, key)| {
                let file = files::relative(&self.root, &path).display().to_string();
                scan(&file, &bytes, key)
            })
            .collect();
        found.sort_by(|a, b| (&a.file, a.span.start).cmp(&(&b.file, b.span.start)));
        found
    }
}

/// The files that may have one, and what it is called there.
fn candidates(top: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut found: Vec<_> = walk::files_in(top, &[SCRIPTS, CI])
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let lies_in = |folder: &str| path.strip_prefix(top).is_ok_and(|way| way.iter().any(|part| part == folder));
            let is_build = name.starts_with("build") && name.ends_with(".sh") && lies_in(SCRIPTS);
            let key = if is_build { IN_SCRIPTS } else { IN_CI };
            (is_build || lies_in(CI)).then_some((path, key))
        })
        .collect();
    // Hidden folders are not walked, but these are known by name.
    let in_folders =
        CI_FOLDERS.iter().flat_map(|folder| fs::read_dir(top.join(folder)).into_iter().flatten().flatten());
    let known = CI_FILES.iter().map(|name| top.join(name)).chain(in_folders.map(|entry| entry.path()));
    let is_file = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    found.extend(known.filter(is_file).map(|path| (path, IN_CI)));
    found
}

/// The pins in one file.
fn scan(file: &str, bytes: &[u8], key: &'static str) -> Vec<OutsidePin> {
    let image = match file.rsplit('/').next() {
        Some(name) if name.contains("kaniko") => ImageName::Kaniko,
        _ => ImageName::DeployRunner,
    };
    let pin = |Word { line, value, span }| OutsidePin { file: file.to_owned(), line, key, image, value, span };
    words(bytes, key).into_iter().map(pin).collect()
}

/// A word that a name is given for its value.
#[derive(Debug)]
pub(super) struct Word {
    /// The line, from 1.
    pub(super) line: usize,
    /// What it says, if it could be a tag.
    pub(super) value: Option<String>,
    /// The bytes of it, without quotes.
    pub(super) span: Range<usize>,
}

/// The values that a name is given in a script or a file of CI. What is only used, compared or commented out is none.
pub(super) fn words(bytes: &[u8], key: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut start = 0;
    // In a list of names and values the value follows in a line of its own.
    let mut is_named = false;
    for (n, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let text = line.trim_ascii();
        let is_comment = text.starts_with(b"#") || text.starts_with(b"//");
        let word: &[u8] = if is_named { b"value" } else { key.as_bytes() };
        if !is_comment && !text.is_empty() {
            let spans = assigned(line, word);
            is_named = !is_named && spans.is_empty() && names(text, key);
            for span in spans {
                let said = std::str::from_utf8(&line[span.clone()]).unwrap_or_default();
                let value = said.parse::<Tag>().ok().map(|tag| tag.to_string());
                let span = start + span.start..start + span.end;
                found.push(Word { line: n + 1, value, span });
            }
        }
        start += line.len();
    }
    found
}

/// Whether a line is `name: KEY`, with or without a dash and quotes.
fn names(line: &[u8], key: &str) -> bool {
    let Some(rest) = std::str::from_utf8(line).ok().map(|line| line.trim_start_matches(['-', ' '])) else {
        return false;
    };
    rest.strip_prefix("name:").is_some_and(|name| name.trim().trim_matches(['"', '\'']) == key)
}

/// Where in a line a name is given a value: the bytes of each value, without quotes.
fn assigned(line: &[u8], name: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = line[from..].windows(name.len()).position(|window| window == name).map(|at| from + at) {
        from = at + name.len();
        found.extend(value_after(line, at, from));
    }
    found
}

/// The value after a name that takes the bytes from `at` to `end`; `None` if it is given none there.
fn value_after(line: &[u8], at: usize, end: usize) -> Option<Range<usize>> {
    let byte = |at: usize| line.get(at).copied().unwrap_or_default();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let before = at.checked_sub(1).map(byte).unwrap_or_default();
    if is_word(before) || is_word(byte(end)) || before == b'$' {
        return None;
    }
    let blank = |mut at: usize| {
        while matches!(byte(at), b' ' | b'\t') {
            at += 1;
        }
        at
    };
    // `${NAME:-value}` gives one, `${NAME}` uses it.
    if before == b'{' && at >= 2 && byte(at - 2) == b'$' {
        let is_default = byte(end) == b':' && matches!(byte(end + 1), b'-' | b'=');
        let close = line[end..].iter().position(|byte| *byte == b'}').map(|close| end + close)?;
        return is_default.then_some(end + 2..close);
    }
    // In JSON and its like the name is quoted.
    let end = if matches!(byte(end), b'"' | b'\'') && byte(end) == before { end + 1 } else { end };
    let mut value = match byte(blank(end)) {
        b'=' if !matches!(byte(blank(end) + 1), b'=' | b'~') => blank(end) + 1,
        b':' => blank(end) + 1,
        _ => return None,
    };
    value = blank(value);
    let quote = byte(value);
    if matches!(quote, b'"' | b'\'') {
        let close = line[value + 1..].iter().position(|byte| *byte == quote)?;
        return Some(value + 1..value + 1 + close);
    }
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b';' | b'#' | b',' | b')' | b'}');
    let len = line[value..].iter().position(is_end).unwrap_or(line.len() - value);
    (len > 0).then_some(value..value + len)
}

/// The bytes of a file with other values at these places.
pub(super) fn replaced(bytes: &[u8], edits: &[(Range<usize>, String)]) -> Vec<u8> {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|(span, _)| span.start);
    let mut replaced = bytes.to_vec();
    for (span, value) in edits.iter().rev() {
        replaced.splice(span.clone(), value.bytes());
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, key: &'static str) -> Vec<Option<String>> {
        scan("x.sh", text.as_bytes(), key).into_iter().map(|pin| pin.value).collect()
    }

    #[test]
    fn a_version_is_found_however_it_is_assigned() {
        for text in [
            "readonly DOCKERFILE_REPO_REF=\"v0.50.6\"",
            "DOCKERFILE_REPO_REF=v0.50.6\r\n",
            "export DOCKERFILE_REPO_REF='v0.50.6'; echo",
            "  declare -r DOCKERFILE_REPO_REF=v0.50.6 # why",
            "local -r ref=\"${DOCKERFILE_REPO_REF:-v0.50.6}\"",
            "DOCKERFILE_REPO_REF: v0.50.6",
            "env: { DOCKERFILE_REPO_REF: 'v0.50.6', A: b }",
            "{\"DOCKERFILE_REPO_REF\": \"v0.50.6\"}",
            "DOCKERFILE_REPO_REF = 'v0.50.6'",
            "- name: DOCKERFILE_REPO_REF\n\n  value: \"v0.50.6\"\n",
        ] {
            assert_eq!(values(text, IN_SCRIPTS), [Some("v0.50.6".to_owned())], "{text}");
        }
        for text in ["DOCKERFILE_REPO_REF=\"$1\"", "DOCKERFILE_REPO_REF=$(git describe)"] {
            assert_eq!(values(text, IN_SCRIPTS), [None], "{text}");
        }
    }

    #[test]
    fn what_only_uses_the_name_is_no_pin() {
        for text in [
            "# DOCKERFILE_REPO_REF=v0.50.6",
            "  // DOCKERFILE_REPO_REF=v0.50.6",
            "--ref \"$DOCKERFILE_REPO_REF\"",
            "--ref \"${DOCKERFILE_REPO_REF}\"",
            "if [[ $DOCKERFILE_REPO_REF == v1 ]]; then",
            "OLD_DOCKERFILE_REPO_REF=v1",
            "DOCKERFILE_REPO_REF_OLD=v1",
            "DOCKERFILE_REPO_REF=",
            "readonly DOCKERFILE_REPO_REF",
            "- name: OTHER\n  value: v1\n",
        ] {
            assert_eq!(values(text, IN_SCRIPTS), [], "{text}");
        }
    }

    #[test]
    fn only_the_value_is_replaced() {
        let text = b"\xef\xbb\xbfA='v1' # \xff\r\nDOCKERFILE_REPO_REF='v1'\r\nDOCKERFILE_REPO_REF=v1";
        let pins = scan("build_kaniko_image.sh", text, IN_SCRIPTS);
        assert_eq!(
            pins.iter().map(|pin| (pin.line, pin.image)).collect::<Vec<_>>(),
            [2, 3].map(|n| (n, ImageName::Kaniko))
        );
        let edits: Vec<_> = pins.into_iter().map(|pin| (pin.span, "v1.3.0".to_owned())).collect();
        let expected = b"\xef\xbb\xbfA='v1' # \xff\r\nDOCKERFILE_REPO_REF='v1.3.0'\r\nDOCKERFILE_REPO_REF=v1.3.0";
        assert_eq!(replaced(text, &edits), expected);
    }
}
