//! Writes one setting into the text of a `Cargo.toml` and leaves everything else as it is.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::KEYS;
use crate::model::Failure;

/// The text with one setting changed or added; `key` is one of [`KEYS`] or `profiles.ACCOUNT`.
///
/// Comments, order and everything else stay. A table that is missing is added at the end.
pub fn set(text: &str, file: &str, key: &str, value: impl Into<Value>) -> Result<String, Failure> {
    let cannot = |why: &str| Failure::refused(format!("cannot set `{key}` in `{file}`: {why}")).in_file(file);
    let (mark, plain) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    // toml_edit writes `\n`, so CRLF is put back afterwards.
    let crlf = plain.contains("\r\n");
    let unix = plain.replace("\r\n", "\n");
    if crlf && unix.replace('\n', "\r\n") != plain {
        return Err(cannot("its line ends are mixed"));
    }
    let mut document: DocumentMut =
        unix.parse().map_err(|error| cannot("it is not valid TOML").because(anyhow(error)))?;
    let (group, name) = match key.split_once('.') {
        Some(("profiles", account)) if !account.is_empty() => (Some("profiles"), account),
        None if KEYS.contains(&key) && key != "profiles" => (None, key),
        _ => return Err(cannot("there is no such setting")),
    };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for part in ["workspace", "metadata", "xtask"].into_iter().chain(group) {
        let implicit = part != "xtask" && part != "profiles";
        let item = table.entry(part).or_insert_with(|| new_table(implicit));
        table = item.as_table_like_mut().ok_or_else(|| cannot(&format!("`{part}` is not a table")))?;
    }
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
    let written = document.to_string();
    Ok(format!("{mark}{}", if crlf { written.replace('\n', "\r\n") } else { written }))
}

fn anyhow(error: toml_edit::TomlError) -> anyhow::Error {
    anyhow::Error::msg(error.message().to_owned())
}

fn new_table(implicit: bool) -> Item {
    let mut table = Table::new();
    table.set_implicit(implicit);
    Item::Table(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# top\n[workspace]\nmembers = [ \"xtask\" ] # why\n\n[workspace.metadata.xtask] # ours\n\
                        # the version\nterraform-aws-ci-version =  \"v1\"  # moved by hand\njobs = 4\n\n[profile.dev]\ndebug = 1";

    #[test]
    fn changing_a_value_keeps_every_other_byte() {
        let written = set(FILE, "Cargo.toml", "terraform-aws-ci-version", "v2").expect("it is set");
        assert_eq!(written.trim_end(), FILE.replace("\"v1\"", "\"v2\""));
    }

    #[test]
    fn crlf_and_a_byte_order_mark_stay() {
        let text = format!("\u{feff}{}\r\n", FILE.replace('\n', "\r\n"));
        let written = set(&text, "Cargo.toml", "jobs", 8).expect("it is set");
        assert_eq!(written, text.replace("jobs = 4", "jobs = 8"));
    }

    #[test]
    fn a_new_key_joins_its_table() {
        let written = set(FILE, "Cargo.toml", "terraform-binary", "tofu").expect("it is set");
        assert_eq!(written.trim_end(), FILE.replace("jobs = 4\n", "jobs = 4\nterraform-binary = \"tofu\"\n"));
    }

    #[test]
    fn missing_tables_are_made() {
        assert_eq!(
            set("", "Cargo.toml", "profiles.dev", "your-dev").expect("it is set"),
            "[workspace.metadata.xtask]\n\n[workspace.metadata.xtask.profiles]\ndev = \"your-dev\"\n"
        );
        let inline = "[workspace]\nmetadata = { xtask = { jobs = 1 } }\n";
        assert_eq!(set(inline, "Cargo.toml", "jobs", 2).expect("it is set"), inline.replace("= 1", "= 2"));
    }

    #[test]
    fn what_is_no_setting_or_no_toml_is_refused() {
        assert!(set(FILE, "Cargo.toml", "job", 1).is_err());
        assert!(set(FILE, "Cargo.toml", "profiles", 1).is_err());
        assert!(set("[", "Cargo.toml", "jobs", 1).is_err());
        assert!(set("a = 1\r\nb = 2\n", "Cargo.toml", "jobs", 1).is_err());
    }
}
