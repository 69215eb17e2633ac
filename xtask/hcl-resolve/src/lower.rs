//! The one place that knows hcl-edit's tree: turns it into ours, with spans counted in the raw file.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{self, BinaryOperator, Expression, ObjectKey, TraversalOperator, UnaryOperator};
use hcl_edit::structure;

use super::operators;
use super::syntax::{Attribute, Binary, Block, Body, Call, Expr, ExprKind, For, Item, Key, Step, Unary};
use super::template::Form;

/// Lowers a body parsed from this text, which starts `offset` bytes into the file.
///
/// An error is the place of a heredoc without any line: hcl-edit takes the marker at its end for the first line.
pub fn body(body: &structure::Body, text: &str, offset: usize) -> Result<Body, usize> {
    let lowering = Lowering { text, offset, empty_heredoc: Cell::new(None) };
    let lowered = lowering.body(body);
    lowering.empty_heredoc.get().map_or(Ok(lowered), Err)
}

/// Lowers the template that a whole text is.
pub(super) fn whole_template(template: &hcl_edit::template::Template, text: &str) -> ExprKind {
    Lowering { text, offset: 0, empty_heredoc: Cell::new(None) }.template(template, Form::Heredoc)
}

/// What is lowered was parsed from this text.
pub(super) struct Lowering<'t> {
    pub(super) text: &'t str,
    offset: usize,
    empty_heredoc: Cell<Option<usize>>,
}

impl Lowering<'_> {
    fn span(&self, span: Option<Range<usize>>) -> Range<usize> {
        // The parser gives everything a span; should it ever not, the splice refuses an empty one.
        let span = span.unwrap_or_default();
        self.offset + span.start..self.offset + span.end
    }

    fn body(&self, body: &structure::Body) -> Body {
        let blocks = Vec::with_capacity(body.blocks().count());
        let mut lowered = Body { blocks, ..Body::default() };
        for attribute in body.attributes() {
            let value = self.expr(&attribute.value);
            let key = self.span(attribute.key.span());
            lowered.attributes.insert(attribute.key.as_str().to_owned(), Box::new(Attribute { key, value }));
        }
        for block in body.blocks() {
            lowered.blocks.push(Block {
                kind: block.ident.as_str().to_owned(),
                labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                span: self.span(block.span()),
                body: self.body(&block.body),
            });
        }
        lowered
    }

    pub(super) fn expr(&self, expression: &Expression) -> Expr {
        Expr { span: self.span(expression.span()), kind: self.kind(expression) }
    }

    fn boxed(&self, expression: &Expression) -> Box<Expr> {
        Box::new(self.expr(expression))
    }

    fn kind(&self, expression: &Expression) -> ExprKind {
        match expression {
            Expression::Null(_) => ExprKind::Null,
            Expression::Bool(value) => ExprKind::Bool(*value.value()),
            Expression::Number(value) => number(value.span().and_then(|span| self.text.get(span))),
            Expression::String(value) => string(value.as_str()),
            Expression::Array(items) => ExprKind::List(items.iter().map(|item| self.expr(item)).collect()),
            Expression::Object(object) => ExprKind::Object(object.iter().map(|(k, v)| self.item(k, v)).collect()),
            Expression::StringTemplate(template) => self.template(template, Form::Quoted),
            Expression::HeredocTemplate(heredoc) => {
                let opening = heredoc.span().and_then(|span| self.text.get(span)).unwrap_or_default();
                let mut lines = opening.lines().skip(1);
                if lines.next().is_none_or(|line| line.trim() == heredoc.delimiter.as_str()) {
                    self.empty_heredoc.set(heredoc.span().map(|span| span.start));
                }
                let form = if opening.starts_with("<<-") { Form::Indented } else { Form::Heredoc };
                self.template(&heredoc.template, form)
            }
            Expression::Parenthesis(inner) => ExprKind::Parens(self.boxed(inner.inner())),
            Expression::Variable(name) => ExprKind::Variable(name.as_str().to_owned()),
            Expression::Conditional(it) => {
                let [condition, yes, no] = [&it.cond_expr, &it.true_expr, &it.false_expr].map(|e| self.expr(e));
                ExprKind::Conditional(Box::new([condition, yes, no]))
            }
            Expression::FuncCall(call) => ExprKind::Call(self.call(call)),
            // What Terraform takes for the negative of a traversal, hcl-edit takes for that of a negative number.
            Expression::Traversal(it) if matches!(&it.expr, Expression::Number(number) if number.value().as_f64().is_none_or(|it| it < 0.0)) => {
                ExprKind::Unsupported("a step into a negative number is not worked out".to_owned())
            }
            Expression::Traversal(it) => {
                let steps = it.operators.iter().map(|operator| self.step(operator.value())).collect();
                ExprKind::Traversal(self.boxed(&it.expr), steps)
            }
            Expression::UnaryOp(it) => {
                let operator = match it.operator.value() {
                    UnaryOperator::Neg => Unary::Negate,
                    UnaryOperator::Not => Unary::Not,
                };
                ExprKind::Unary(operator, self.boxed(&it.expr))
            }
            Expression::BinaryOp(it) => {
                let operands = [self.expr(&it.lhs_expr), self.expr(&it.rhs_expr)];
                ExprKind::Binary(binary(*it.operator.value()), Box::new(operands))
            }
            Expression::ForExpr(it) => ExprKind::For(Box::new(self.for_expr(it))),
        }
    }

    fn item(&self, key: &ObjectKey, value: &expr::ObjectValue) -> Item {
        let key = match key {
            ObjectKey::Ident(word) => Key::Word(word.as_str().to_owned()),
            ObjectKey::Expression(expression) => Key::Expr(self.expr(expression)),
        };
        Item { key, value: self.expr(value.expr()) }
    }

    fn call(&self, call: &expr::FuncCall) -> Call {
        let mut name: String = call.name.namespace.iter().flat_map(|part| [part.as_str(), "::"]).collect();
        name.push_str(call.name.name.as_str());
        let arguments = call.args.iter().map(|argument| self.expr(argument)).collect();
        Call { name, arguments, expand: call.args.expand_final() }
    }

    fn step(&self, operator: &TraversalOperator) -> Step {
        match operator {
            TraversalOperator::AttrSplat(_) => Step::AttributeSplat,
            TraversalOperator::FullSplat(_) => Step::FullSplat,
            TraversalOperator::GetAttr(name) => Step::Attribute(name.as_str().to_owned()),
            TraversalOperator::Index(index) => Step::Index(self.expr(index)),
            TraversalOperator::LegacyIndex(index) => Step::LegacyIndex(*index.value()),
        }
    }

    fn for_expr(&self, it: &expr::ForExpr) -> For {
        For {
            key_name: it.intro.key_var.as_ref().map(|name| name.as_str().to_owned()),
            value_name: it.intro.value_var.as_str().to_owned(),
            collection: self.expr(&it.intro.collection_expr),
            key: it.key_expr.as_ref().map(|key| self.expr(key)),
            value: self.expr(&it.value_expr),
            grouping: it.grouping,
            condition: it.cond.as_ref().map(|condition| self.expr(&condition.expr)),
        }
    }
}

fn string(text: &str) -> ExprKind {
    if operators::is_composed(text) {
        return ExprKind::String(Arc::from(text));
    }
    ExprKind::Unsupported("a string with combining characters is not worked out".to_owned())
}

fn number(text: Option<&str>) -> ExprKind {
    match text.and_then(operators::decimal) {
        Some(value) => ExprKind::Number(value),
        None => ExprKind::Unsupported("the number has more digits than are worked out exactly".to_owned()),
    }
}

fn binary(operator: BinaryOperator) -> Binary {
    match operator {
        BinaryOperator::Eq => Binary::Equal,
        BinaryOperator::NotEq => Binary::NotEqual,
        BinaryOperator::LessEq => Binary::LessEqual,
        BinaryOperator::GreaterEq => Binary::GreaterEqual,
        BinaryOperator::Less => Binary::Less,
        BinaryOperator::Greater => Binary::Greater,
        BinaryOperator::Plus => Binary::Add,
        BinaryOperator::Minus => Binary::Subtract,
        BinaryOperator::Mul => Binary::Multiply,
        BinaryOperator::Div => Binary::Divide,
        BinaryOperator::Mod => Binary::Remainder,
        BinaryOperator::And => Binary::And,
        BinaryOperator::Or => Binary::Or,
    }
}
