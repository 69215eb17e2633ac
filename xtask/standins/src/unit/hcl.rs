//! Finding `NAME = VALUE` in HCL, line by line.

/// The text of the first value with this name; comments after it are gone.
pub(crate) fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let after = line.trim_start().strip_prefix(name)?.trim_start().strip_prefix('=')?;
        Some(without_comment(after).trim()).filter(|value| !value.starts_with('='))
    })
}

/// The content of the first value with this name that is a string, templates unresolved.
pub(crate) fn string(text: &str, name: &str) -> Option<String> {
    value(text, name)?.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

fn without_comment(value: &str) -> &str {
    let mut quoted = false;
    for (at, character) in value.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '#' if !quoted => return &value[..at],
            '/' if !quoted && value[at..].starts_with("//") => return &value[..at],
            _ => {}
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{string, value};

    #[test]
    fn values_are_found_by_name() {
        let text = "locals {\n  # tag = \"old\"\n  tag_of_other = 1\n  tag   = \"v1 # not a comment\" # why\n  url = \"a//b\"\n}\nx = null // none\n";
        assert_eq!(string(text, "tag").as_deref(), Some("v1 # not a comment"));
        assert_eq!(string(text, "url").as_deref(), Some("a//b"));
        assert_eq!(value(text, "x"), Some("null"));
        assert_eq!(value(text, "y"), None);
        assert_eq!(string(text, "tag_of_other"), None);
    }
}
