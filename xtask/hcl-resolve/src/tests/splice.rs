//! The splice, on every oddity that parsers and printers of HCL are known to trip over.

use crate::parse::parse_bytes;
use crate::splice::{literal, literal_at, splice};
use crate::syntax::{Body, Expr, ExprKind};

/// Bits of configuration, each with plain strings in it.
const ODDITIES: &[&str] = &[
    "locals {\n  a = \"old\"\n}\n",
    "locals { a = \"old\" }",
    "locals{a=\"old\"}",
    "# comment \"old\"\nlocals {\n\n\n  a   =   \"old\"   # \"old\"\n  // \"old\"\n  /* \"old\" */\n}\n",
    "locals {\n  a = (true || # why\n    false  )\n  b = 1 +   2 # \"old\"\n    c = \"old\"\n}\n",
    "locals {\n  a = \"x\" == \"old\" ? \"old\" : /* c */ \"y\"\n}\n",
    "locals {\n\ta\t=\t\"old\"\n\tb = \"tab\there\"\n\tc = \"\\u00e9 é \\t \\\\ \\\"\"\n}\n",
    "locals {\n  a = <<EOT\n\"old\" ${\"old\"} text\nEOT\n  b = \"old\"\n}\n",
    "locals {\n  a = <<-EOT\n\t\ttabs\n\t  more\n\tEOT\n  b = \"old\"\n}\n",
    "locals {\n  a = <<-EOT\nnothing to strip\nEOT\n  b = \"old\"\n}\n",
    "locals {\n  a = \"pre ${\"old\"} post ${f(\"old\", [\"old\"])}\"\n  b = \"$${not} %%{this} old\"\n}\n",
    "locals {\n  a = (\n    \"old\"\n  )\n  b = {\n    \"old\" = \"old\", c : \"old\"\n    d = [\"old\", \"old\",]\n  }\n}\n",
    "locals {\n  a = { for k, v in { x = \"old\" } : k => \"old\" if v != \"old\" }\n  b = [for x in [\"old\"] : x]\n}\n",
    "inputs = merge({ a = \"old\" }, local.x...)\nb = local.m[\"old\"].c.*.d\ne = !contains([\"old\"], \"old\")\n",
    "block \"old\" \"label\" {\n  nested {\n    a = \"old\"\n  }\n}\n",
    "a = \"old\"",
    "a = \"old\" # no line break at the end",
    "a = 1\nb = -1\nc = 1e3\nd = 0.10\ne = null\nf = \"old\"\n",
    "a = \"日本語 old\"\nb = \"old\"\n# 日本語\nc = \"old\"\n",
];

fn strings<'e>(expr: &'e Expr, found: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::String(_) => found.push(expr),
        ExprKind::List(items) => items.iter().for_each(|item| strings(item, found)),
        ExprKind::Object(items) => items.iter().for_each(|item| strings(&item.value, found)),
        ExprKind::Parens(inner) => strings(inner, found),
        ExprKind::Conditional(parts) => parts.iter().for_each(|part| strings(part, found)),
        ExprKind::Binary(_, parts) => parts.iter().for_each(|part| strings(part, found)),
        ExprKind::Call(call) => call.arguments.iter().for_each(|argument| strings(argument, found)),
        _ => {}
    }
}

pub(super) fn strings_of(body: &Body) -> Vec<&Expr> {
    let mut found = Vec::new();
    body.attributes.values().for_each(|attribute| strings(&attribute.value, &mut found));
    body.blocks.iter().for_each(|block| found.extend(strings_of(&block.body)));
    found
}

fn variants(text: &str) -> [Vec<u8>; 4] {
    let crlf = text.replace('\n', "\r\n");
    let marked = format!("\u{feff}{text}");
    let both = format!("\u{feff}{crlf}");
    [text.to_owned(), crlf, marked, both].map(String::into_bytes)
}

#[test]
fn only_the_literal_changes_whatever_is_around_it() {
    let mut sites = 0;
    for bytes in ODDITIES.iter().flat_map(|text| variants(text)) {
        let body = parse_bytes("x.hcl", &bytes).unwrap_or_else(|fault| panic!("{}", fault.in_one_line()));
        for expr in strings_of(&body) {
            let span = expr.span.clone();
            assert_eq!((bytes[span.start], bytes[span.end - 1]), (b'"', b'"'));
            for value in ["v1.3.0", "", "é\"\\\n\t${x}%{y}$", "a much longer value than the one that was there before"]
            {
                let spliced =
                    splice("x.hcl", &bytes, &span, value).unwrap_or_else(|fault| panic!("{}", fault.in_one_line()));
                let expected = [&bytes[..span.start], literal(value).as_bytes(), &bytes[span.end..]].concat();
                assert_eq!(spliced, expected);
                sites += 1;
            }
        }
    }
    assert!(sites > 400, "{sites}");
}

#[test]
fn a_span_that_is_not_exactly_a_plain_string_is_refused() {
    let bytes = b"locals {\n  a = \"old\"\n  b = \"x${1}\"\n  c = 12345\n}\n";
    for span in [0..0, 14..19, 16..20, 15..21, 27..34, 41..46, 0..bytes.len(), 40..1000] {
        assert!(splice("x.hcl", bytes, &span, "new").is_err(), "{span:?}");
    }
    assert!(splice("x.hcl", bytes, &(15..20), "new").is_ok());
}

#[test]
fn a_literal_reads_back_as_its_value() {
    for value in ["v1", "", "\"", "\\", "${a}", "%{a}", "$", "$$", "%%", "\n\r\t\u{7}", "é日", "$${"] {
        let text = format!("a = {}", literal(value));
        let body = parse_bytes("x.hcl", text.as_bytes()).unwrap_or_else(|fault| panic!("{}", fault.in_one_line()));
        // How `$$${` reads is not the same everywhere, so the splice refuses such a value.
        let read = literal_at(&body, &(4..text.len()));
        assert!(read == Some(value) || value == "$${", "{value:?} is written {text} and read {read:?}");
    }
}
