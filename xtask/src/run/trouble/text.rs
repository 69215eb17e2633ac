//! Logs as plain text: Terraform wraps its errors and draws a frame around them, terragrunt puts a prefix before each line.

/// The log in lower case and in one line, without frames, prefixes and doubled spaces.
pub(super) fn flattened(log: &str) -> String {
    plain(log).to_lowercase()
}

/// The same with its letters as they are.
pub(super) fn plain(log: &str) -> String {
    let mut text = String::with_capacity(log.len());
    for word in log.lines().map(without_prefix).flat_map(str::split_whitespace) {
        if word.chars().all(|letter| matches!(letter, '│' | '╷' | '╵' | '|')) {
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// A line without `12:00:00.000 STDERR terraform: ` in front, which would stand in the middle of a wrapped sentence.
fn without_prefix(line: &str) -> &str {
    let Some((head, rest)) = line.split_once(": ") else { return line };
    let mut words = head.split_whitespace();
    let is_time =
        words.next().is_some_and(|word| word.len() >= 8 && word.as_bytes()[2] == b':' && word.as_bytes()[5] == b':');
    let is_stream = words.next().is_some_and(|word| matches!(word, "STDERR" | "STDOUT"));
    if is_time && is_stream { rest } else { line }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn wrapped_errors_read_as_one_sentence() {
        let log = "12:00:00.123 STDERR [dev/x] terraform: │ Error: Error acquiring\n12:00:00.123 STDERR [dev/x] terraform: │ the state   lock\n╵\nplain: text";
        assert_eq!(plain(log), "Error: Error acquiring the state lock plain: text");
        assert_eq!(plain("ééé: x"), "ééé: x");
    }
}
