//! Changes a text of TOML and leaves everything else in it as it is: comments, order, line ends, the last byte.

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, TomlError, Value};

use crate::model::{Failure, Place};

/// The text after a change; `file` is how people should read its name.
pub fn change(
    text: &str,
    file: &str,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let (mark, plain) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    // toml_edit writes `\n`, so CRLF is put back afterwards.
    let crlf = plain.contains("\r\n");
    let unix = plain.replace("\r\n", "\n");
    if crlf && unix.replace('\n', "\r\n") != plain {
        let what = format!("cannot change `{file}`: its line ends are mixed");
        return Err(Failure::refused(what).in_file(file).hint("give all lines the same ends, and try again"));
    }
    let mut document: DocumentMut = unix.parse().map_err(|error| invalid(&unix, file, &error))?;
    edit(&mut document)?;
    let mut written = document.to_string();
    // It also ends every text with a line break.
    if !unix.is_empty() && !unix.ends_with('\n') && written.ends_with('\n') {
        written.pop();
    }
    Ok(format!("{mark}{}", if crlf { written.replace('\n', "\r\n") } else { written }))
}

/// The table at a path. Where it is missing it is made, at the end of the text, below a comment (whole lines, or none).
pub fn table<'d>(
    document: &'d mut DocumentMut,
    file: &str,
    path: &[&str],
    comment: &str,
) -> Result<&'d mut dyn TableLike, Failure> {
    let is_written = |item: &Item| !item.as_table().is_some_and(Table::is_implicit);
    let there = path.iter().try_fold(document.as_item(), |item, part| item.get(part));
    let is_there = there.is_some_and(is_written);
    let position = 1 + last_position(document.as_item());
    let prefix = if is_there { String::new() } else { at_the_end(document, comment) };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for (n, part) in path.iter().enumerate() {
        let item = table.entry(part).or_insert_with(|| {
            let mut parent = Table::new();
            parent.set_implicit(true);
            Item::Table(parent)
        });
        if let Some(made) = item.as_table_mut().filter(|_| n + 1 == path.len() && !is_there) {
            made.set_implicit(false);
            made.set_position(Some(position));
            made.decor_mut().set_prefix(&prefix);
        }
        let no_table = || Failure::refused(format!("`{part}` in `{file}` is not a table")).in_file(file);
        table = item.as_table_like_mut().ok_or_else(no_table)?;
    }
    Ok(table)
}

/// What stands between everything that is written so far and a new table; comments at the end stay with what they end.
fn at_the_end(document: &mut DocumentMut, comment: &str) -> String {
    let mut prefix = document.trailing().as_str().unwrap_or_default().to_owned();
    document.set_trailing("");
    if !prefix.is_empty() && !prefix.ends_with('\n') {
        prefix.push('\n');
    }
    let is_first = document.is_empty() && prefix.is_empty();
    if !is_first && !prefix.ends_with("\n\n") {
        prefix.push('\n');
    }
    prefix + comment
}

fn last_position(item: &Item) -> isize {
    let below = |table: &Table| {
        let inner = table.iter().map(|(_, item)| last_position(item)).max();
        table.position().unwrap_or(0).max(inner.unwrap_or(0))
    };
    match item {
        Item::Table(table) => below(table),
        Item::ArrayOfTables(tables) => tables.iter().map(below).max().unwrap_or(0),
        Item::None | Item::Value(_) => 0,
    }
}

/// Adds a string to an array in the way in which the array is written: in one line, or one below the other, each with its
/// comments.
pub fn append(array: &mut Array, text: &str) {
    let raw = |decor: Option<&toml_edit::RawString>| decor.and_then(|it| it.as_str()).unwrap_or_default().to_owned();
    let comma = array.trailing_comma();
    let own_line = |item: &Value| Some(raw(item.decor().prefix()).rsplit_once('\n')?.1.to_owned());
    let indent: Option<String> = array.iter().filter_map(own_line).last();
    // What stands between the last item and the bracket.
    let mut rest = raw(Some(array.trailing()));
    if let Some(last) = array.len().checked_sub(1).and_then(|at| array.get_mut(at)).filter(|_| !comma) {
        rest = raw(last.decor().suffix()) + &rest;
        last.decor_mut().set_suffix("");
    }
    let mut value = Value::from(text);
    match rest.rsplit_once('\n') {
        Some((comments, bracket)) => {
            let indent = indent.unwrap_or_else(|| format!("{bracket}    "));
            *value.decor_mut() = toml_edit::Decor::new(format!("{comments}\n{indent}"), "");
            array.set_trailing(format!("\n{bracket}"));
        }
        None => {
            let space = if array.is_empty() { "" } else { " " };
            *value.decor_mut() = toml_edit::Decor::new(space, if comma { "" } else { &rest });
            array.set_trailing(if comma { &rest } else { "" });
        }
    }
    array.push_formatted(value);
    array.set_trailing_comma(comma);
}

fn invalid(text: &str, file: &str, error: &TomlError) -> Failure {
    let line = error.span().map(|span| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count());
    Failure::refused(format!("`{file}` is not valid TOML"))
        .at(Place { file: file.to_owned(), line, column: None })
        .because(anyhow::Error::msg(error.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(array: &str) -> String {
        let text = format!("a = 1 # one\nmembers = {array} # end\n\n[b] # two");
        let written = change(&text, "Cargo.toml", |document| {
            let array = document["members"].as_array_mut().expect("an array");
            append(array, "x");
            append(array, "y/z");
            Ok(())
        });
        let written = written.expect("it is changed");
        let array = written.strip_prefix("a = 1 # one\nmembers = ").expect("what is before stays");
        array.strip_suffix(" # end\n\n[b] # two").expect("what follows stays").to_owned()
    }

    #[test]
    fn an_array_is_added_to_as_it_is_written() {
        for (before, after) in [
            ("[]", r#"["x", "y/z"]"#),
            ("[ ]", r#"["x", "y/z" ]"#),
            (r#"["a"]"#, r#"["a", "x", "y/z"]"#),
            (r#"[ "a", "b" ]"#, r#"[ "a", "b", "x", "y/z" ]"#),
            (r#"["a",]"#, r#"["a", "x", "y/z",]"#),
            ("[\n    \"a\",\n]", "[\n    \"a\",\n    \"x\",\n    \"y/z\",\n]"),
            ("[\n  \"a\"\n]", "[\n  \"a\",\n  \"x\",\n  \"y/z\"\n]"),
            ("[\n\t\"a\", # why\n\t# more\n]", "[\n\t\"a\", # why\n\t# more\n\t\"x\",\n\t\"y/z\",\n]"),
            ("[\n    \"a\" # why\n]", "[\n    \"a\", # why\n    \"x\",\n    \"y/z\"\n]"),
            ("[\n    # none yet\n]", "[\n    # none yet\n    \"x\",\n    \"y/z\"\n]"),
            ("[ # open\n    \"a\", \"b\",\n  ]", "[ # open\n    \"a\", \"b\",\n    \"x\",\n    \"y/z\",\n  ]"),
        ] {
            assert_eq!(appended(before), after, "{before}");
        }
    }

    #[test]
    fn a_new_table_comes_last_and_comments_stay_where_they_are() {
        let made = |text: &str, path: &[&str]| {
            let written = change(text, "Cargo.toml", |document| {
                table(document, "Cargo.toml", path, "# ours\n")?.insert("new", toml_edit::value(1));
                Ok(())
            });
            written.expect("it is changed")
        };
        let whole = |text: &str| made(text, &["x", "y"]);
        assert_eq!(whole(""), "# ours\n[x.y]\nnew = 1\n");
        assert_eq!(whole("a = 1"), "a = 1\n\n# ours\n[x.y]\nnew = 1");
        assert_eq!(whole("# alone\n"), "# alone\n\n# ours\n[x.y]\nnew = 1\n");
        let order = "[a.b]\n[c]\n[a.d]\nk = 1\n# k = 2\n";
        assert_eq!(whole(order), format!("{order}\n# ours\n[x.y]\nnew = 1\n"));
        let there = "# top\n[x.y] # there\nk = 1\n\n[z]\n# end\n";
        assert_eq!(whole(there), there.replace("k = 1\n", "k = 1\nnew = 1\n"));
        let above = "[x.y.z]\nk = 1\n\n\n";
        assert_eq!(whole(above), format!("{above}# ours\n[x.y]\nnew = 1\n"));
        let inline = "x = { y = { k = 1 } } # end\n";
        assert_eq!(whole(inline), inline.replace("k = 1 ", "k = 1 , new = 1 "));
        assert!(change("x = 1\n", "f", |it| table(it, "f", &["x", "y"], "").map(drop)).is_err());
    }

    #[test]
    fn mixed_line_ends_and_broken_texts_are_refused_with_their_place() {
        assert!(change("a = 1\r\nb = 2\n", "f", |_| Ok(())).is_err());
        let broken = change("a = 1\nb = [\n", "f", |_| Ok(())).expect_err("it is broken");
        assert!(broken.to_string().starts_with("`f` is not valid TOML\n  --> f:"), "{broken}");
    }

    #[test]
    fn without_a_change_every_byte_stays() {
        for text in
            ["", "\u{feff}a = 1", "a = 1\r\n# end\r\n", "[t]\n\n\n# only a comment", "a = { b = 1 }\n[x]\ny=2\n"]
        {
            assert_eq!(change(text, "f", |_| Ok(())).expect("it is read"), text);
        }
    }
}
