//! Every plain string of a file, with the way to it.

use std::ops::Range;

use super::syntax::{Body, Expr, ExprKind};

/// A plain string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal<'b> {
    /// The names in front of it, from the outermost block inwards: `locals`, `image`, `tag`.
    pub way: Vec<&'b str>,
    /// The bytes of the literal with its quotes.
    pub span: &'b Range<usize>,
    /// What it says.
    pub text: &'b str,
}

/// The plain strings of a file that stand behind a name, in the order of the file.
pub fn literals(body: &Body) -> Vec<Literal<'_>> {
    let mut found = Vec::new();
    in_body(body, &mut Vec::new(), &mut found);
    found.sort_by_key(|literal| literal.span.start);
    found
}

fn in_body<'b>(body: &'b Body, way: &mut Vec<&'b str>, found: &mut Vec<Literal<'b>>) {
    for (name, attribute) in &body.attributes {
        way.push(name);
        in_expr(&attribute.value, way, found);
        way.pop();
    }
    for block in &body.blocks {
        let outer = way.len();
        way.push(&block.kind);
        way.extend(block.labels.iter().map(String::as_str));
        in_body(&block.body, way, found);
        way.truncate(outer);
    }
}

/// Functions that pass an argument on as it is.
const PASS_ON: [&str; 8] = ["coalesce", "concat", "lookup", "merge", "tolist", "tomap", "try", "tostring"];

/// Goes only where a value may be passed on whole: what is inside a template or a comparison stands for nothing by itself.
fn in_expr<'b>(expr: &'b Expr, way: &mut Vec<&'b str>, found: &mut Vec<Literal<'b>>) {
    match &expr.kind {
        ExprKind::String(text) => found.push(Literal { way: way.clone(), span: &expr.span, text }),
        ExprKind::Object(items) => {
            for item in items {
                way.push(item.key.written().unwrap_or("*"));
                in_expr(&item.value, way, found);
                way.pop();
            }
        }
        ExprKind::List(items) => items.iter().for_each(|item| in_expr(item, way, found)),
        ExprKind::Parens(inner) => in_expr(inner, way, found),
        ExprKind::Conditional(parts) => parts[1..].iter().for_each(|part| in_expr(part, way, found)),
        ExprKind::Call(call) if PASS_ON.contains(&call.name.as_str()) => {
            call.arguments.iter().for_each(|argument| in_expr(argument, way, found));
        }
        ExprKind::For(it) => in_expr(&it.value, way, found),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse_bytes;

    #[test]
    fn strings_are_found_behind_their_names_and_not_inside_templates_or_comparisons() {
        let text = r#"
inputs = merge(local.x, { a = { "b-c" = "1", (local.k) = ["2", ("3")] } })
locals {
  d = x == "no" ? "4" : "no-${"no"}"
  n = format("no", "no")
}
module "m" { e = "5" }
"#;
        let body = parse_bytes("f", text.as_bytes()).expect("it parses");
        let all: Vec<_> = literals(&body).into_iter().map(|it| (it.way.join("."), it.text)).collect();
        let expected =
            [("inputs.a.b-c", "1"), ("inputs.a.*", "2"), ("inputs.a.*", "3"), ("locals.d", "4"), ("module.m.e", "5")];
        assert_eq!(all, expected.map(|(way, text)| (way.to_owned(), text)));
    }
}
