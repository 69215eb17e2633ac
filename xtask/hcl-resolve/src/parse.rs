//! Bytes to syntax tree, with errors that show the line.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hcl_edit::parser::parse_body;

use super::syntax::{Attribute, Body, Expr};
use super::{Fault, Source, lower, stack};
use crate::Place;

/// The name of the one attribute of a file that is a template.
pub(super) const TEMPLATE: &str = "<template>";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Longer than any file takes that somebody wrote.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the parser may take back more and more of what it read: it does where objects are operands of operators in
/// each other, which nobody writes, and found by a fuzzer. A wrong suspicion costs a second look.
fn is_suspicious(text: &str) -> bool {
    const MANY: usize = 4;
    let operators = ['<', '>', '+', '*', '/', '&', '|'];
    let mut objects = text.match_indices('{').map(|(at, _)| text[..at].trim_end_matches([' ', '\t']));
    objects.by_ref().filter(|before| before.ends_with(operators)).nth(MANY - 1).is_some()
}

/// Parses a file. A byte order mark is tolerated; text that isn't UTF-8 is refused.
pub fn parse(name: &str, path: &Path, bytes: Arc<[u8]>) -> Result<Arc<Source>, Fault> {
    let body = parse_bytes(name, &bytes)?;
    Ok(Arc::new(Source::new(name.to_owned(), path.to_owned(), bytes, body)))
}

/// Parses bytes into a tree whose spans count from the first byte, a byte order mark included.
pub fn parse_bytes(name: &str, bytes: &[u8]) -> Result<Body, Fault> {
    let start = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let text =
        std::str::from_utf8(&bytes[start..]).map_err(|error| not_utf8(name, bytes, start + error.valid_up_to()))?;
    let copy = text.to_owned();
    if is_suspicious(text) && !stack::ends_within(PATIENCE, move || drop(parse_body(&copy))) {
        let what = format!("`{name}` takes too long to parse: objects stand as operands in each other");
        return Err(Fault::new(what).at(Place::file(name)).hint("write their parts as locals of their own").fatal());
    }
    stack::deep(|| match parse_body(text) {
        Ok(body) => lower::body(&body, text, start).map_err(|at| empty_heredoc(name, text, at)),
        Err(error) => Err(syntax_error(name, text, &error)),
    })
}

/// Parses a text that is a template as a whole, as the files of `templatefile` are.
pub(super) fn parse_template(name: &str, path: &Path, bytes: Arc<[u8]>) -> Result<Arc<Source>, Fault> {
    let text = std::str::from_utf8(&bytes).map_err(|error| not_utf8(name, &bytes, error.valid_up_to()))?;
    let kind = stack::deep(|| match text.parse::<hcl_edit::template::Template>() {
        Ok(template) => Ok(lower::whole_template(&template, text)),
        Err(error) => Err(syntax_error(name, text, &error)),
    })?;
    let value = Expr { span: 0..text.len(), kind };
    let mut body = Body::default();
    body.attributes.insert(TEMPLATE.to_owned(), Box::new(Attribute { key: 0..0, value }));
    Ok(Arc::new(Source::new(name.to_owned(), path.to_owned(), bytes, body)))
}

fn not_utf8(name: &str, bytes: &[u8], at: usize) -> Fault {
    let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    Fault::new(format!("`{name}` is not UTF-8"))
        .at(Place::line(name, line))
        .detail(format!("the byte 0x{:02x} does not belong to UTF-8 text", bytes[at]))
        .hint("save the file as UTF-8")
        .fatal()
}

fn empty_heredoc(name: &str, text: &str, at: usize) -> Fault {
    let line = 1 + text[..at].matches('\n').count();
    Fault::new(format!("`{name}` has a heredoc without any line, which can't be read"))
        .at(Place::line(name, line))
        .hint("write `\"\"` instead")
        .fatal()
}

fn syntax_error(name: &str, text: &str, error: &hcl_edit::parser::Error) -> Fault {
    let location = error.location();
    let shown = text.lines().nth(location.line().saturating_sub(1)).unwrap_or_default();
    let column = location.column();
    let before: String =
        shown.chars().take(column.saturating_sub(1)).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let pad = " ".repeat(location.line().to_string().len());
    Fault::new(format!("cannot parse `{name}`: {}", error.message()))
        .at(Place { file: name.to_owned(), line: Some(location.line()), column: Some(column) })
        .detail(format!("{pad} |\n{} | {shown}\n{pad} | {before}^", location.line()))
        .fatal()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> String {
        parse_bytes("x.hcl", bytes).expect_err("it must not parse").to_string()
    }

    #[test]
    fn a_syntax_error_shows_file_line_column_and_a_caret() {
        let text = fault(b"locals {\n  a = [1\n  b = 2\n}\n");
        assert!(text.starts_with("cannot parse `x.hcl`: "), "{text}");
        assert!(text.contains("\n  --> x.hcl:3:3\n    |\n  3 |   b = 2\n    |   ^"), "{text}");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_with_file_and_line() {
        let text = fault(b"locals {\n  a = \"\xff\"\n}\n");
        assert!(text.contains("`x.hcl` is not UTF-8\n  --> x.hcl:2\n"), "{text}");
    }

    #[test]
    fn a_byte_order_mark_shifts_the_spans_and_nothing_else() {
        let bytes = b"\xef\xbb\xbflocals { a = \"b\" }";
        let body = parse_bytes("x.hcl", bytes).expect("it parses");
        let span = &body.local("a").expect("there is a local").value.span;
        assert_eq!(&bytes[span.clone()], b"\"b\"");
    }

    #[test]
    fn no_nesting_is_too_deep_for_the_parser_to_answer() {
        for (open, close) in [("[", "]"), ("{a=", "}"), ("(", ")"), ("-", ""), ("!", ""), ("\"${", "}\""), ("f(", ")")]
        {
            for depth in [50, 60, 63, 64, 65, 1000, 100_000] {
                let text = format!("a = {}1{}", open.repeat(depth), close.repeat(depth));
                let _ = parse_bytes("x.hcl", text.as_bytes());
            }
        }
        let _ = parse_bytes("x.hcl", "a {".repeat(100_000).as_bytes());
        let _ = parse_bytes("x.hcl", format!("a = 1{}", " + 1".repeat(100_000)).as_bytes());
        let _ = parse_bytes("x.hcl", format!("a = 1{}", " ? 1 : 1".repeat(100_000)).as_bytes());
        let _ = parse_bytes("x.hcl", format!("a = b{}", "[0]".repeat(100_000)).as_bytes());
    }

    #[test]
    fn a_text_that_the_parser_never_gets_through_is_refused() {
        let text = [
            "WW=W<W<{m<k.0<{mWP=W<W<{mWWWW<W<o/WWWo().W<WW+WobW/W<{mWP=W<W<{mWWWW<W<o%WWWobo/cW/	WW<ObWW<bWWzWW<WW1	<{W<W<{",
            "mWWWW<W<o/WWWo().WobW/W<{mWP=W<W<{mWWWW<W<o%WWWobo/cW/	WW<ObWW<bWWzWW<WW1	<{W<W<{mWWWW<W<o/WWWo().W<WW+WobW/W<",
            "{mWP=W<W<{mWWWW<W<o%WWWobo/cW/	WW<ObWW<bWWzWW<WW1	<{WW<Ob=W<W<{m<k.5<o/cW/	Wo/cWcW/W<Ob=W<W<{m<k.5<o/cW/	Wo/cW",
            "cW/	Wo/cW<W%k.0<{mWW<WW+WobW/W<{mWP=W<W<{mWWWW<W<o%WWWobo/cW/	WW<ObWW<bWWzWW<WW1	<{WW<Ob=W<W<{m<k.5<o/cW/	Wo/c",
            "WcW/W<Ob=W<W<{m<k.5<o/cW/	Wo/cWcW/	Wo/cW<W%k.0<{mW",
        ];
        let told = fault(text.concat().as_bytes());
        assert!(told.starts_with("`x.hcl` takes too long to parse"), "{told}");
        assert!(
            parse_bytes("x.hcl", b"a = 1 < 2\nb = { c = \"a/{b}/{c}/{d}/{e}\" }\n").is_ok(),
            "suspicion alone is no refusal"
        );
    }
}
