//! `templatefile`: a file that is a template as a whole, with variables of its own.

use std::rc::Rc;

use super::{Arguments, Stop, Value, unknown};
use crate::evaluate::{Scope, Variable};
use crate::parse::{TEMPLATE, parse_template};
use crate::{Fault, Frame, Kind};

/// How many variables a template may be given.
const MOST: usize = 1000;

/// `templatefile(path, variables)`
pub(super) fn templatefile(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let frame = call.scope.frame;
    if frame.source.body.attributes.contains_key(TEMPLATE) {
        return Err(Stop::Fault(Fault::new("a template file cannot use another one")));
    }
    let path = call.path_of_file(0)?;
    let (files, variables) = (call.evaluator.files, call.evaluator.whole(&call.values[1])?);
    let Kind::Map(map) = &variables.kind else {
        return Err(super::wrong("a map of variables", &variables));
    };
    if let Some(reason) = &map.open {
        return Err(Stop::Unknown(reason.clone()));
    }
    if map.entries.len() > MOST {
        return Err(unknown("so many variables for a template are not worked out"));
    }
    let bytes = files.bytes(&path)?;
    call.evaluator.spend(bytes.len() / 8)?;
    let source = parse_template(&files.name(&path), &path, bytes).map_err(Fault::of_another_file)?;
    let template = Frame::of(source.clone(), frame.config_path.clone(), false);
    let Some(attribute) = source.body.attributes.get(TEMPLATE) else {
        return Err(unknown("the template is not worked out"));
    };
    let entries: Vec<_> = map.entries.iter().collect();
    with_variables(call, &attribute.value, &template, &entries, None)
}

/// Evaluates with each of these variables in scope.
fn with_variables(
    call: &Arguments<'_, '_>,
    template: &crate::syntax::Expr,
    frame: &Rc<Frame>,
    entries: &[(&String, &Value)],
    outer: Option<&Variable<'_>>,
) -> Result<Value, Stop> {
    match entries {
        [] => Ok(call.evaluator.eval(template, Scope { frame, variables: outer })?),
        [(name, value), rest @ ..] => {
            let variable = Variable { name, value: (*value).clone(), outer };
            with_variables(call, template, frame, rest, Some(&variable))
        }
    }
}
