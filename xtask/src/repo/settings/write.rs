//! Writes one setting into the text of a `Cargo.toml` and leaves everything else as it is.

use toml_edit::{DocumentMut, Item, Value};

use super::{KEYS, Target};
use crate::model::Failure;
use crate::repo::toml;

/// Where the settings are.
const PATH: [&str; 3] = ["workspace", "metadata", "xtask"];

/// The text with one setting changed or added; `key` is one of [`KEYS`], `profiles.ACCOUNT` or `accounts.FOLDER`.
///
/// Comments, order and everything else stay. A table that is missing is added at the end.
pub fn set(text: &str, file: &str, target: Target, key: &str, value: impl Into<Value>) -> Result<String, Failure> {
    toml::change(text, file, |document| set_in(document, file, target, key, value))
}

/// The same in a document.
pub fn set_in(
    document: &mut DocumentMut,
    file: &str,
    target: Target,
    key: &str,
    value: impl Into<Value>,
) -> Result<(), Failure> {
    let cannot = |why: &str| Failure::refused(format!("cannot set `{key}` in `{file}`: {why}")).in_file(file);
    let (group, name) = match key.split_once('.') {
        Some((group @ ("profiles" | "accounts"), name)) if !name.is_empty() => (Some(group), name),
        None if KEYS.contains(&key) && !["profiles", "accounts"].contains(&key) => (None, key),
        _ => return Err(cannot("there is no such setting")),
    };
    let path: &[&str] = if target == Target::Shared { &PATH } else { &[] };
    let table = match (path, group) {
        ([], None) => document.as_table_mut(),
        (path, None) => toml::table(document, file, path, "")?,
        (path, Some(group)) => {
            // The table around it, so that it stands above this one.
            if !path.is_empty() {
                toml::table(document, file, path, "")?;
            }
            toml::table(document, file, &[path, &[group]].concat(), "")?
        }
    };
    let mut value = value.into();
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            table.insert(name, Item::Value(value));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# top\n[workspace]\nmembers = [ \"xtask\" ] # why\n\n[workspace.metadata.xtask] # ours\n\
                        # the version\nterraform-aws-ci-version =  \"v1\"  # moved by hand\njobs = 4\n\n[profile.dev]\ndebug = 1";

    #[test]
    fn changing_a_value_keeps_every_other_byte() {
        let written = set(FILE, "Cargo.toml", Target::Shared, "terraform-aws-ci-version", "v2").expect("it is set");
        assert_eq!(written.trim_end(), FILE.replace("\"v1\"", "\"v2\""));
    }

    #[test]
    fn crlf_and_a_byte_order_mark_stay() {
        let text = format!("\u{feff}{}\r\n", FILE.replace('\n', "\r\n"));
        let written = set(&text, "Cargo.toml", Target::Shared, "jobs", 8).expect("it is set");
        assert_eq!(written, text.replace("jobs = 4", "jobs = 8"));
    }

    #[test]
    fn a_new_key_joins_its_table() {
        let written = set(FILE, "Cargo.toml", Target::Shared, "terraform-binary", "tofu").expect("it is set");
        assert_eq!(written.trim_end(), FILE.replace("jobs = 4\n", "jobs = 4\nterraform-binary = \"tofu\"\n"));
    }

    #[test]
    fn missing_tables_are_made() {
        assert_eq!(
            set("", "Cargo.toml", Target::Shared, "profiles.dev", "your-dev").expect("it is set"),
            "[workspace.metadata.xtask]\n\n[workspace.metadata.xtask.profiles]\ndev = \"your-dev\"\n"
        );
        let inline = "[workspace]\nmetadata = { xtask = { jobs = 1 } }\n";
        assert_eq!(
            set(inline, "Cargo.toml", Target::Shared, "jobs", 2).expect("it is set"),
            inline.replace("= 1", "= 2")
        );
    }

    #[test]
    fn a_personal_file_has_its_keys_at_the_top() {
        let set = |text: &str, key: &str, value: &str| {
            set(text, ".xtask/local.toml", Target::Personal, key, value).expect("it is set")
        };
        assert_eq!(set("", "profile", "a-{account}"), "profile = \"a-{account}\"\n");
        let both = set("jobs = 2 # few\n", "profiles.dev", "a");
        assert_eq!(both, "jobs = 2 # few\n\n[profiles]\ndev = \"a\"\n");
        assert_eq!(set(&both, "profile", "b"), both.replace("few\n", "few\nprofile = \"b\"\n"));
    }

    #[test]
    fn what_is_no_setting_or_no_toml_is_refused() {
        assert!(set(FILE, "Cargo.toml", Target::Shared, "job", 1).is_err());
        assert!(set(FILE, "Cargo.toml", Target::Shared, "profiles", 1).is_err());
        assert!(set("[", "Cargo.toml", Target::Shared, "jobs", 1).is_err());
        assert!(set("a = 1\r\nb = 2\n", "Cargo.toml", Target::Shared, "jobs", 1).is_err());
    }
}
