//! Values of options that are more than a word.

use crate::model::{ImageName, Tag};

/// `KEY=VALUE`, where neither is empty.
fn pair(text: &str) -> Result<(&str, &str), String> {
    match text.split_once('=') {
        None => Err("expected two words with `=` between them".to_owned()),
        Some(("", _) | (_, "")) => Err("both sides of `=` must say something".to_owned()),
        Some(sides) => Ok(sides),
    }
}

/// A name with its value.
pub(super) fn name_and_value(text: &str) -> Result<(String, String), String> {
    pair(text).map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// An account with its profile.
pub(super) fn account_and_profile(text: &str) -> Result<(String, String), String> {
    pair(text).map(|(account, profile)| (account.to_owned(), profile.to_owned()))
}

/// An image with its tag.
pub(super) fn image_and_tag(text: &str) -> Result<(ImageName, Tag), String> {
    let (image, tag) = pair(text)?;
    Ok((image.parse()?, tag.parse()?))
}

/// Parses the number of units that are worked on at a time.
pub(super) fn n_jobs(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "expected a whole number from 1 on, such as 4".to_owned())
}

/// Parses the number of runs to keep.
pub(super) fn n_kept(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number, such as 20".to_owned())
}

/// Parses a ref of git that needs no escaping in a source.
pub(super) fn git_ref(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-+".contains(&byte);
    match !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("expected the name of a tag, a branch or a commit".to_owned()),
    }
}

/// What can go wrong in a rehearsal beside what is about one account.
const FAULTS: [&str; 4] = ["no-image", "idempotent", "no-secret", "old-kaniko"];

/// What goes wrong in a rehearsal.
pub(super) fn fault(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some(("wrong-account" | "fail" | "wrong-tag-running", account)) if !account.is_empty() => Ok(text.to_owned()),
        None if FAULTS.contains(&text) => Ok(text.to_owned()),
        _ => Err(format!(
            "expected `wrong-account:ACCOUNT`, `fail:ACCOUNT`, `wrong-tag-running:ACCOUNT`, `{}`",
            FAULTS.join("`, `")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_checked_on_both_sides() {
        assert!(image_and_tag("kaniko=v1.2.0").is_ok());
        for bad in ["kaniko", "kaniko=", "=v1", "other=v1", "kaniko=.v1"] {
            assert!(image_and_tag(bad).is_err(), "{bad}");
        }
    }
}
