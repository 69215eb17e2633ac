//! The splice on made-up files, with every oddity that parsers and printers of HCL, JSON and YAML are known to trip over.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::splice::strings_of;
use crate::data;
use crate::literals::literals;
use crate::parse::parse_bytes;
use crate::splice::{literal, literal_at, splice_all};

fn config() -> ProptestConfig {
    // What is found becomes a test of its own; nothing is left behind beside the sources.
    ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() }
}

/// A plain string as somebody may have spelled it.
fn string() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "v0.52.1", "old", "é", "日本", "\\u00e9", "\\\"", "\\\\", "\\n", "\\t", "\t", " ", "$${x}", "%%{x}", "$", "%",
        "#", "//", "/*", "{", "}", "[", "]", "=", "'", "<<EOT",
    ]);
    // A `$` or `%` before `{` would begin a template.
    vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.join("")).replace("${\"", "$\"")).prop_filter(
        "it is a template",
        |text| {
            let plain = text.replace("$${", "").replace("%%{", "");
            !plain.contains("${") && !plain.contains("%{")
        },
    )
}

/// White space that may stand anywhere inside parentheses, brackets and braces of calls.
fn space() -> impl Strategy<Value = &'static str> {
    select(vec!["", " ", "  ", "\t", " /* \"c\" */ "])
}

/// White space with line breaks and comments, where those are allowed.
fn wide() -> impl Strategy<Value = &'static str> {
    select(vec!["", " ", "\n", "\n\n\t", " # \"why\" ${x}\n", " // \"why\"\n  ", " /* \"a\"\nb */ "])
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => string(),
        1 => select(vec!["null", "true", "-1", "1e3", "0.10", "local.a.b", "local.a[\"k\"]", "local.l[*].id", "local.l.0"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..3), wide(), any::<bool>()).prop_map(|(items, wide, comma)| {
                let last = if comma && !items.is_empty() { "," } else { "" };
                format!("[{wide}{}{last}{wide}]", items.join(&format!(",{wide}")))
            }),
            (vec((key(), inner.clone()), 0..3), select(vec![" = ", "=", " : ", "\t=\t"]), any::<bool>()).prop_map(
                |(items, is, lines)| {
                    let items: Vec<_> = items
                        .into_iter()
                        .enumerate()
                        .map(|(n, (key, value))| format!("{}{is}{value}", key(n)))
                        .collect();
                    match lines {
                        true => format!("{{\n\t{}\n}}", items.join(" # \"c\"\n  ")),
                        false => format!("{{ {} }}", items.join(", ")),
                    }
                }
            ),
            (inner.clone(), wide()).prop_map(|(it, wide)| format!("({wide}{it}{wide})")),
            (inner.clone(), inner.clone(), space())
                .prop_map(|(a, b, space)| format!("merge({space}{a},{space}{b}...)")),
            (inner.clone(), inner.clone(), string(), space())
                .prop_map(|(a, b, c, space)| format!("local.x == {c}{space}? {a}{space}:{space}{b}")),
            (inner.clone(), inner.clone(), wide()).prop_map(|(a, b, wide)| format!("({a} ||{wide}{b})")),
            (string(), inner.clone(), space())
                .prop_map(|(list, it, space)| format!("[for{space} x in [{list}]{space}: {it} if x != \"\"]")),
            (string(), inner.clone()).prop_map(|(key, it)| format!("{{ for k, v in local.m : {key} => {it}... }}")),
            (string(), string())
                .prop_map(|(a, b)| format!("\"pre ${{{a}}} mid ${{upper({b})}} %{{ if true }}x%{{ endif }}\"")),
            inner.prop_map(|it| format!("!contains([{it}], {it})")),
        ]
    })
}

/// Stands by itself: the line break behind its end belongs to it.
fn heredoc() -> impl Strategy<Value = String> {
    prop_oneof![
        string().prop_map(|a| format!("<<EOT\nheredoc \"no\" ${{{a}}}\n\ttabs\nEOT\n")),
        string().prop_map(|a| format!("<<-EOT\n\t\ttabs ${{{a}}}\n\t  more\n\tEOT\n")),
        string().prop_map(|a| format!("<<-EOT\nnothing to strip ${{{a}}}\nEOT\n")),
    ]
}

/// A key that is like no other in its object.
fn key() -> impl Strategy<Value = fn(usize) -> String> {
    select(vec![(|n| format!("docker_tag{n}")) as fn(usize) -> String, |n| format!("\"quoted {n}\""), |n| {
        format!("(local.k{n})")
    }])
}

fn attribute() -> impl Strategy<Value = (String, String)> {
    let after = select(vec!["", " ", "\t", " # \"why\"", " // why", " /* why */"]);
    let value = prop_oneof![6 => expression(), 1 => heredoc()];
    (select(vec![" = ", "=", "\t=\t", "   =  "]), value, after).prop_map(|(is, value, after)| {
        // After a heredoc comes a line of its own.
        let after = if value.ends_with('\n') { "" } else { after };
        (format!("{is}{value}"), after.to_owned())
    })
}

/// A whole file: attributes and blocks with comments between them.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let between = select(vec!["", "\n", "# \"comment\"\n", "// é\n", "/* \"old\"\n\t*/\n", "\t\n"]);
    let header = select(vec!["locals {", "inputs \"label\" other {", "block{", "variable \"old\" {"]);
    let body = vec((attribute(), between.clone()), 1..4);
    (vec((any::<bool>(), header, body), 1..4), any::<[bool; 3]>()).prop_map(|(parts, [crlf, bom, cut])| {
        let mut text = String::new();
        for (at, (is_block, header, body)) in parts.into_iter().enumerate() {
            if is_block {
                text += &format!("{header}\n");
            }
            for (n, ((value, after), between)) in body.into_iter().enumerate() {
                let end = if value.ends_with('\n') { "" } else { "\n" };
                text += &format!("{between}  a{at}_{n}{value}{after}{end}");
            }
            if is_block {
                text += "}\n";
            }
        }
        let text = if cut { text.trim_end_matches('\n').to_owned() } else { text };
        // A heredoc needs the line break behind its end.
        let text = if text.ends_with("EOT") { text + "\n" } else { text };
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        (if bom { format!("\u{feff}{text}") } else { text }).into_bytes()
    })
}

fn value() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "v1.3.0",
        "é",
        "\"",
        "\\",
        "a\nb",
        "\t",
        "${x}",
        "%{x}",
        "x${",
        "日本語",
        "much longer than it was before",
    ];
    select(odd.map(str::to_owned).to_vec())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_is_around_a_literal_stays(bytes in file(), picks in vec((any::<Index>(), value()), 1..4)) {
        let body = parse_bytes("x.hcl", &bytes).unwrap_or_else(|fault| panic!("{}\n{}", fault.in_one_line(), String::from_utf8_lossy(&bytes)));
        let sites = strings_of(&body);
        if sites.is_empty() {
            return Ok(());
        }
        let mut edits: Vec<_> =
            picks.into_iter().map(|(at, value)| (at.get(&sites).span.clone(), value)).collect();
        edits.sort_by_key(|(span, _)| span.start);
        edits.dedup_by_key(|(span, _)| span.start);
        let spliced = splice_all("x.hcl", &bytes, &edits).unwrap_or_else(|fault| panic!("{}", fault.in_one_line()));

        // By hand: nothing but the literals differs, and putting the old ones back gives the old bytes.
        let (mut expected, mut back, mut done, mut placed) = (Vec::new(), Vec::new(), 0, Vec::new());
        for (span, value) in &edits {
            expected.extend_from_slice(&bytes[done..span.start]);
            let start = expected.len();
            expected.extend_from_slice(literal(value).as_bytes());
            placed.push(start..expected.len());
            done = span.end;
        }
        expected.extend_from_slice(&bytes[done..]);
        prop_assert_eq!(&spliced, &expected);
        let mut at = 0;
        for ((old, _), new) in edits.iter().zip(&placed) {
            back.extend_from_slice(&spliced[at..new.start]);
            back.extend_from_slice(&bytes[old.clone()]);
            at = new.end;
        }
        back.extend_from_slice(&spliced[at..]);
        prop_assert_eq!(&back, &bytes);

        // As it is read: the edited strings say what they should, every other one says what it did.
        let again = parse_bytes("x.hcl", &spliced).unwrap_or_else(|fault| panic!("{}", fault.in_one_line()));
        for ((_, value), span) in edits.iter().zip(&placed) {
            prop_assert_eq!(literal_at(&again, span), Some(value.as_str()));
        }
        let (before, after) = (literals(&body), literals(&again));
        prop_assert_eq!(before.len(), after.len());
        for (old, new) in before.iter().zip(&after) {
            let edit = edits.iter().find(|(span, _)| span == old.span);
            prop_assert_eq!(&old.way, &new.way);
            prop_assert_eq!(new.text, edit.map_or(old.text, |(_, value)| value.as_str()));
        }
    }

    #[test]
    fn whatever_is_around_a_string_of_data_stays(text in document(), at in any::<Index>(), tag in "[v0-9][0-9a-z.]{0,6}") {
        let sites = data::strings(&text).unwrap_or_else(|| panic!("neither JSON nor YAML:\n{text}"));
        if sites.is_empty() {
            return Ok(());
        }
        let site = at.get(&sites);
        let spliced = data::splice_all("x", text.as_bytes(), &[(site.span.clone(), tag.clone())]);
        let spliced = spliced.unwrap_or_else(|fault| panic!("{}\n{text}", fault.in_one_line()));
        let spliced = String::from_utf8(spliced).expect("it is UTF-8");
        prop_assert_eq!(&spliced[..site.span.start], &text[..site.span.start]);
        prop_assert!(spliced.ends_with(&text[site.span.end..]));
        let again = data::strings(&spliced).expect("it is data still");
        prop_assert_eq!(sites.len(), again.len());
        for (old, new) in sites.iter().zip(&again) {
            prop_assert_eq!(&old.way, &new.way);
            prop_assert_eq!(&new.value, if old.span == site.span { &tag } else { &old.value });
        }
        let end = spliced.len() - (text.len() - site.span.end);
        let back = format!("{}{}{}", &spliced[..site.span.start], &text[site.span.clone()], &spliced[end..]);
        prop_assert_eq!(back, text);
    }
}

/// A document of JSON or YAML.
fn document() -> impl Strategy<Value = String> {
    let bom = select(vec!["", "\u{feff}"]);
    prop_oneof![(bom, json()).prop_map(|(bom, text)| format!("{bom}{text}\n")), yaml()]
}

fn json() -> impl Strategy<Value = String> {
    let leaf = select(vec!["\"v1\"", "\"\"", "\"é \\u00e9 \\\" \\\\ {\"", "1.50", "-1e3", "true", "null", "\"a\\nb\""]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 16, 4, |inner| {
        let space = select(vec!["", " ", "\n\t", "\r\n  "]);
        prop_oneof![
            (vec(inner.clone(), 0..4), space.clone())
                .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(&format!("{space},{space}")))),
            (vec(inner, 0..4), space).prop_map(|(items, space)| {
                let items: Vec<_> =
                    items.iter().enumerate().map(|(n, item)| format!("\"k{n} é\"{space}:{space}{item}")).collect();
                format!("{{{space}{}{space}}}", items.join(&format!(",{space}")))
            }),
        ]
    })
}

fn yaml() -> impl Strategy<Value = String> {
    let scalar = select(vec![
        "v1",
        "'v1'",
        "\"v1\"",
        "v1   # why",
        "\"é \\\" # no\"  # why",
        "'it''s'",
        "1",
        "yes",
        "",
        "&x v1",
        "!!str 1",
        "a b c",
        "日本 v1",
        "[v1, 'v2', {k: v3}]",
        "{k: \"v1\", l: v2} # v3",
    ]);
    let line = (0_usize..3, scalar, any::<bool>());
    (vec(line, 1..8), any::<bool>(), select(vec!["", "# é \"v1\"\n", "---\n"])).prop_map(|(lines, crlf, head)| {
        let mut text = head.to_owned();
        for (n, (depth, scalar, list)) in lines.into_iter().enumerate() {
            text += &format!("k{n}:\n");
            (0..depth).for_each(|d| text += &format!("{}n{d}:\n", "  ".repeat(d + 1)));
            let indent = "  ".repeat(depth + 1);
            // An anchor is used nowhere, and may come again.
            text +=
                &if list { format!("{indent}- {scalar}\n{indent}- x\n") } else { format!("{indent}tag: {scalar}\n") };
        }
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}
