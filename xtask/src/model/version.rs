//! A version as terraform-aws-ci, the service catalog and their forks number their releases.

use std::fmt;

/// `v0.52.1`, with or without the `v`; a fourth number (`v0.38.10.1`) counts, a suffix (`v0.107.5-example.2`) does not:
/// a fork's release is what it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version([u32; 4]);

impl Version {
    /// The version with these numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self([major, minor, patch, 0])
    }

    /// Reads a version; `None` for what only looks like one, such as `v1`, `main` or `deploy-runner-v1`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let end = text.find(['-', '+']).unwrap_or(text.len());
        let mut numbers = [0; 4];
        let parts: Vec<_> = text[..end].split('.').collect();
        if !(3..=4).contains(&parts.len()) {
            return None;
        }
        for (number, part) in numbers.iter_mut().zip(parts) {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            *number = part.parse().ok().filter(|_| is_number)?;
        }
        Some(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch, fourth] = self.0;
        write!(f, "v{major}.{minor}.{patch}")?;
        if fourth == 0 { Ok(()) } else { write!(f, ".{fourth}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_numbers() {
        let version = |text: &str| Version::parse(text).unwrap_or_else(|| panic!("`{text}` is a version"));
        let ascending = ["v0.9.10", "v0.38.10", "v0.38.10.1", "v0.38.11", "v0.107.5", "v1.0.0", "1.3.0"];
        assert!(ascending.windows(2).all(|pair| version(pair[0]) < version(pair[1])));
        assert_eq!(version("v0.107.5-example.2"), version("v0.107.5"));
        assert_eq!(version("v0.38.10.1").to_string(), "v0.38.10.1");
        assert_eq!(version("1.3.0").to_string(), "v1.3.0");
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in [
            "",
            "v1",
            "v1.2",
            "main",
            "deploy-runner-v1",
            "v1.2.x",
            "v1..2",
            "v1.2.3.4.5",
            "v1.2.+3",
            "v1.2.99999999999",
        ] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
