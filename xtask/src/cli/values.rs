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

/// An account with its profile.
pub(super) fn account_and_profile(text: &str) -> Result<(String, String), String> {
    pair(text).map(|(account, profile)| (account.to_owned(), profile.to_owned()))
}

/// An image with its tag.
pub(super) fn image_and_tag(text: &str) -> Result<(ImageName, Tag), String> {
    let (image, tag) = pair(text)?;
    Ok((image.parse()?, tag.parse()?))
}

/// What goes wrong in a rehearsal.
pub(super) fn fault(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some(("wrong-account" | "fail" | "wrong-tag-running", account)) if !account.is_empty() => Ok(text.to_owned()),
        None if text == "no-image" => Ok(text.to_owned()),
        _ => {
            Err("expected `wrong-account:ACCOUNT`, `fail:ACCOUNT`, `wrong-tag-running:ACCOUNT` or `no-image`"
                .to_owned())
        }
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
