//! Quoted strings and heredocs to parts. hcl-edit finds the pieces; what they mean is worked out from the raw text as in
//! <https://github.com/hashicorp/hcl/blob/main/hclsyntax/parser_template.go>: a heredoc is read line by line, `~` trims the
//! neighbour in its own line only, and indentation is taken off afterwards.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::template::{Directive, Element, Strip, Template};

use super::lower::Lowering;
use super::syntax::{Expr, ExprKind, For, Part};

/// What a template is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Quoted,
    Heredoc,
    /// A heredoc whose indentation is taken off.
    Indented,
}

enum Token {
    Text(String),
    Expr(Expr),
    If(Expr),
    Else,
    EndIf,
    For(Box<For>),
    EndFor,
}

impl Lowering<'_> {
    /// The parts of a template.
    pub(super) fn template(&self, template: &Template, form: Form) -> ExprKind {
        let mut tokens = Tokens { lowering: self, form, tokens: Vec::new(), trim_next: false, after_text: false };
        if tokens.flatten(template).is_none() {
            return ExprKind::Unsupported("an escape in the string is not known here".to_owned());
        }
        let mut tokens = tokens.tokens;
        if form == Form::Indented {
            outdent(&mut tokens);
        }
        let mut rest = tokens.into_iter().peekable();
        let mut parts = Vec::new();
        while rest.peek().is_some() {
            match part(&mut rest) {
                Some(next) => parts.push(next),
                None => return ExprKind::Unsupported("the directives of a template are not balanced".to_owned()),
            }
        }
        let is_text = |part: &Part| matches!(part, Part::Text(_));
        if parts.iter().all(is_text) {
            let text: String =
                parts.iter().map(|part| if let Part::Text(text) = part { &**text } else { "" }).collect();
            parts = vec![Part::Text(Arc::from(text))];
        }
        ExprKind::Template(parts)
    }
}

struct Tokens<'l, 't> {
    lowering: &'l Lowering<'t>,
    form: Form,
    tokens: Vec<Token>,
    trim_next: bool,
    after_text: bool,
}

impl Tokens<'_, '_> {
    fn flatten(&mut self, template: &Template) -> Option<()> {
        for element in template.iter() {
            match element {
                Element::Literal(text) => self.text(text.span()?)?,
                Element::Interpolation(it) => {
                    let expr = self.lowering.expr(&it.expr);
                    self.marker(it.strip, Token::Expr(expr));
                }
                Element::Directive(directive) => self.directive(directive)?,
            }
        }
        Some(())
    }

    fn text(&mut self, span: Range<usize>) -> Option<()> {
        let raw = self.lowering.text.get(span)?;
        if self.form == Form::Quoted {
            let text = unescaped(raw)?;
            self.push_text(text);
            return Some(());
        }
        for line in raw.split_inclusive('\n') {
            self.push_text(line.replace("$${", "${").replace("%%{", "%{"));
        }
        Some(())
    }

    fn push_text(&mut self, text: String) {
        let text = if std::mem::take(&mut self.trim_next) { text.trim_start().to_owned() } else { text };
        self.tokens.push(Token::Text(text));
        self.after_text = true;
    }

    /// `${…}` or `%{…}`, which may trim its neighbours.
    fn marker(&mut self, strip: Strip, token: Token) {
        if let (true, true, Some(Token::Text(text))) = (strip.strip_start(), self.after_text, self.tokens.last_mut()) {
            text.truncate(text.trim_end().len());
        }
        self.trim_next = strip.strip_end();
        self.after_text = false;
        self.tokens.push(token);
    }

    fn directive(&mut self, directive: &Directive) -> Option<()> {
        match directive {
            Directive::If(it) => {
                let condition = self.lowering.expr(&it.if_expr.cond_expr);
                self.marker(it.if_expr.strip, Token::If(condition));
                self.flatten(&it.if_expr.template)?;
                if let Some(otherwise) = &it.else_expr {
                    self.marker(otherwise.strip, Token::Else);
                    self.flatten(&otherwise.template)?;
                }
                self.marker(it.endif_expr.strip, Token::EndIf);
            }
            Directive::For(it) => {
                let collection = self.lowering.expr(&it.for_expr.collection_expr);
                let value = Expr { span: collection.span.clone(), kind: ExprKind::Null };
                let each = For {
                    key_name: it.for_expr.key_var.as_ref().map(|name| name.as_str().to_owned()),
                    value_name: it.for_expr.value_var.as_str().to_owned(),
                    collection,
                    key: None,
                    value,
                    grouping: false,
                    condition: None,
                };
                self.marker(it.for_expr.strip, Token::For(Box::new(each)));
                self.flatten(&it.for_expr.template)?;
                self.marker(it.endfor_expr.strip, Token::EndFor);
            }
        }
        Some(())
    }
}

/// Takes off the indentation that all lines share.
fn outdent(tokens: &mut [Token]) {
    let indent = |text: &str| text.chars().take_while(|c| c.is_whitespace()).count();
    let is_blank = |text: &str| text.trim_start().is_empty() && text.ends_with('\n');
    let (mut shared, mut at_start, mut starts) = (usize::MAX, true, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        if std::mem::take(&mut at_start) {
            match token {
                Token::Text(text) if is_blank(text) => {}
                Token::Text(text) => {
                    shared = shared.min(indent(text));
                    starts.push(at);
                }
                _ => shared = 0,
            }
        }
        at_start = matches!(token, Token::Text(text) if text.ends_with('\n'));
    }
    for at in starts {
        if let Token::Text(text) = &mut tokens[at] {
            *text = text.chars().skip(shared).collect();
        }
    }
}

/// The next part, with everything that belongs to it; `None` if directives aren't balanced.
fn part(rest: &mut std::iter::Peekable<std::vec::IntoIter<Token>>) -> Option<Part> {
    match rest.next()? {
        Token::Text(text) => Some(Part::Text(Arc::from(text))),
        Token::Expr(expr) => Some(Part::Expr(expr)),
        Token::If(condition) => {
            let span = condition.span.clone();
            let mut arms = [Vec::new(), Vec::new()];
            let mut arm = 0;
            loop {
                match rest.peek()? {
                    Token::Else => {
                        rest.next();
                        arm = 1;
                    }
                    Token::EndIf => break,
                    _ => arms[arm].push(part(rest)?),
                }
            }
            rest.next();
            let [yes, no] = arms.map(|parts| as_string(parts, span.clone()));
            Some(Part::Expr(Expr { span, kind: ExprKind::Conditional(Box::new([condition, yes, no])) }))
        }
        Token::For(mut each) => {
            let mut parts = Vec::new();
            while !matches!(rest.peek()?, Token::EndFor) {
                parts.push(part(rest)?);
            }
            rest.next();
            let span = each.collection.span.clone();
            each.value = as_string(parts, span.clone());
            Some(Part::Join(Expr { span, kind: ExprKind::For(each) }))
        }
        Token::Else | Token::EndIf | Token::EndFor => None,
    }
}

/// What stands in a directive is always a string, also where it is one interpolation alone.
fn as_string(mut parts: Vec<Part>, span: Range<usize>) -> Expr {
    parts.push(Part::Text(Arc::from("")));
    Expr { span, kind: ExprKind::Template(parts) }
}

/// The text of a quoted literal; `None` if an escape has no meaning.
fn unescaped(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => match rest.next()? {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                '"' => text.push('"'),
                '\\' => text.push('\\'),
                kind @ ('u' | 'U') => {
                    let digits: String = rest.by_ref().take(if kind == 'u' { 4 } else { 8 }).collect();
                    text.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                }
                _ => return None,
            },
            '$' | '%' if rest.as_str().starts_with(letter) && rest.as_str()[1..].starts_with('{') => {
                text.push(letter);
                rest.next();
            }
            other => text.push(other),
        }
    }
    Some(text)
}
