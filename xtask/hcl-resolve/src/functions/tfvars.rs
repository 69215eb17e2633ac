//! `read_tfvars_file`: the values of a file of variables as JSON. Decoded again, they keep the place that they stand in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Arguments, Stop, Value, encode, files, unknown};
use crate::evaluate::Scope;
use crate::syntax::{Expr, ExprKind, Key};
use crate::{Evaluator, Fault, Frame, Kind, Origin};

/// `read_tfvars_file(path)`
pub(super) fn read_tfvars_file(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let path = call.path(0)?;
    let name = call.evaluator.files.name(&path);
    if !call.evaluator.files.is_file(&path) {
        return Err(Stop::Fault(Fault::new(format!("there is no file `{name}`"))));
    }
    if name.ends_with("json") {
        return files::file(call);
    }
    let text = encode::json_text(&values(call.evaluator, &path)?)?;
    Ok(Value { kind: Kind::String(text.into()), origin: Origin::Data { file: Arc::from(name), line: None } })
}

/// The values of a file of variables.
fn values(evaluator: &Evaluator<'_>, path: &Path) -> Result<Value, Stop> {
    let source = evaluator.files.hcl(path).map_err(Fault::of_another_file)?;
    let frame = Frame::of(source, path.to_owned(), false);
    let mut values = BTreeMap::new();
    for (name, attribute) in &frame.source.body.attributes {
        if !is_literal(&attribute.value) {
            let fault = Fault::new("a file of variables may have literals only");
            return Err(Stop::Fault(fault.at(frame.source.place(attribute.value.span.start))));
        }
        values.insert(name.clone(), evaluator.eval(&attribute.value, Scope::of(&frame))?);
    }
    if values.is_empty() {
        // Null to old ones, an empty map to new ones.
        return Err(unknown("terragrunt's versions differ in what a file without variables is"));
    }
    Ok(Value::map(values))
}

fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => true,
        ExprKind::List(items) => items.iter().all(is_literal),
        ExprKind::Object(items) => items.iter().all(|item| {
            let key = match &item.key {
                Key::Word(_) => true,
                Key::Expr(key) => is_literal(key),
            };
            key && is_literal(&item.value)
        }),
        ExprKind::Parens(inner) | ExprKind::Unary(_, inner) => is_literal(inner),
        _ => false,
    }
}

/// The values of a file of variables whose text is decoded: where [`read_tfvars_file`] made the text of it, they are these.
pub(super) fn decoded(call: &Arguments<'_, '_>, file: &str, text: &str) -> Result<Option<Value>, Stop> {
    if !file.ends_with(".tfvars") {
        return Ok(None);
    }
    let value = values(call.evaluator, &call.evaluator.files.path(file))?;
    Ok((encode::json_text(&value)? == text).then_some(value))
}
