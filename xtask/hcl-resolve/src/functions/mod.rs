//! The functions that are worked out, in one table. Any other is unknown, never a guess.

mod collections;
pub(crate) mod decode;
pub(crate) mod encode;
mod files;
mod formats;
mod numbers;
mod patterns;
mod sets;
mod templates;
pub(crate) mod terragrunt;
mod text;
mod tfvars;

use super::evaluate::Scope;
use super::syntax::{Call, Expr};
use super::{Evaluator, Fault, Kind, Origin, Value, attempt, operators};
use std::rc::Rc;

/// Why a function gives no value of its own: an argument is unknown, or at fault.
enum Stop {
    Unknown(Rc<str>),
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A call whose arguments are evaluated.
struct Arguments<'e, 's> {
    evaluator: &'e Evaluator<'e>,
    scope: Scope<'s>,
    values: Vec<Value>,
}

type Apply = fn(&Arguments<'_, '_>) -> Result<Value, Stop>;

/// Name, fewest and most arguments, whether one unknown argument makes the result unknown, what it does.
type Function = (&'static str, usize, usize, bool, Apply);

const MANY: usize = usize::MAX;

/// Sorted by name.
const TABLE: &[Function] = &[
    ("abs", 1, 1, true, numbers::abs),
    ("abspath", 1, 1, true, files::abspath),
    ("alltrue", 1, 1, true, numbers::alltrue),
    ("anytrue", 1, 1, true, numbers::anytrue),
    ("base64decode", 1, 1, true, encode::base64decode),
    ("base64encode", 1, 1, true, encode::base64encode),
    ("basename", 1, 1, true, files::basename),
    ("ceil", 1, 1, true, numbers::ceil),
    ("chomp", 1, 1, true, text::chomp),
    ("chunklist", 2, 2, true, sets::chunklist),
    ("coalesce", 1, MANY, false, collections::coalesce),
    ("coalescelist", 1, MANY, true, sets::coalescelist),
    ("compact", 1, 1, true, collections::compact),
    ("concat", 1, MANY, true, collections::concat),
    ("constraint_check", 2, 2, true, terragrunt::constraint_check),
    ("contains", 2, 2, true, collections::contains),
    ("dirname", 1, 1, true, files::dirname),
    ("distinct", 1, 1, true, collections::distinct),
    ("element", 2, 2, true, collections::element),
    ("endswith", 2, 2, true, text::endswith),
    ("file", 1, 1, true, files::file),
    ("fileexists", 1, 1, true, files::fileexists),
    ("find_in_parent_folders", 0, 2, true, files::find_in_parent_folders),
    ("flatten", 1, 1, true, collections::flatten),
    ("floor", 1, 1, true, numbers::floor),
    ("format", 1, MANY, true, formats::format),
    ("formatlist", 1, MANY, true, formats::formatlist),
    ("get_env", 1, 2, false, files::get_env),
    ("get_original_terragrunt_dir", 0, 0, true, files::get_original_terragrunt_dir),
    ("get_parent_terragrunt_dir", 0, 1, true, files::get_parent_terragrunt_dir),
    ("get_path_from_repo_root", 0, 0, true, files::get_path_from_repo_root),
    ("get_path_to_repo_root", 0, 0, true, files::get_path_to_repo_root),
    ("get_platform", 0, 0, true, files::get_platform),
    ("get_repo_root", 0, 0, true, files::get_repo_root),
    ("get_terraform_commands_that_need_input", 0, 0, true, terragrunt::commands_that_need_input),
    ("get_terraform_commands_that_need_locking", 0, 0, true, terragrunt::commands_that_need_locking),
    ("get_terraform_commands_that_need_parallelism", 0, 0, true, terragrunt::commands_that_need_parallelism),
    ("get_terraform_commands_that_need_vars", 0, 0, true, terragrunt::commands_that_need_vars),
    ("get_terragrunt_dir", 0, 0, true, files::get_terragrunt_dir),
    ("get_terragrunt_source_cli_flag", 0, 0, true, terragrunt::source_cli_flag),
    ("indent", 2, 2, true, text::indent),
    ("index", 2, 2, true, sets::index),
    ("join", 2, MANY, true, text::join),
    ("jsondecode", 1, 1, true, decode::jsondecode),
    ("jsonencode", 1, 1, true, encode::jsonencode),
    ("keys", 1, 1, true, collections::keys),
    ("length", 1, 1, true, collections::length),
    ("lookup", 2, 3, false, collections::lookup),
    ("lower", 1, 1, true, text::lower),
    ("mark_as_read", 1, 1, true, files::mark_as_read),
    ("matchkeys", 3, 3, true, sets::matchkeys),
    ("max", 1, MANY, true, numbers::max),
    ("merge", 0, MANY, false, collections::merge),
    ("min", 1, MANY, true, numbers::min),
    ("one", 1, 1, true, sets::one),
    ("parseint", 2, 2, true, numbers::parseint),
    ("path_relative_from_include", 0, 1, true, files::path_relative_from_include),
    ("path_relative_to_include", 0, 1, true, files::path_relative_to_include),
    ("pathexpand", 1, 1, true, files::pathexpand),
    ("pow", 2, 2, true, numbers::pow),
    ("range", 1, 3, true, numbers::range),
    ("read_terragrunt_config", 1, 2, false, files::read_terragrunt_config),
    ("read_tfvars_file", 1, 1, true, tfvars::read_tfvars_file),
    ("regex", 2, 2, true, patterns::regex),
    ("regexall", 2, 2, true, patterns::regexall),
    ("replace", 3, 3, true, text::replace),
    ("reverse", 1, 1, true, collections::reverse),
    ("setintersection", 1, MANY, true, sets::setintersection),
    ("setproduct", 2, MANY, true, sets::setproduct),
    ("setsubtract", 2, 2, true, sets::setsubtract),
    ("setunion", 1, MANY, true, sets::setunion),
    ("signum", 1, 1, true, numbers::signum),
    ("slice", 3, 3, true, sets::slice),
    ("sort", 1, 1, true, sets::sort),
    ("split", 2, 2, true, text::split),
    ("startswith", 2, 2, true, text::startswith),
    ("strcontains", 2, 2, true, text::strcontains),
    ("strrev", 1, 1, true, text::strrev),
    ("substr", 3, 3, true, text::substr),
    ("sum", 1, 1, true, numbers::sum),
    ("templatefile", 2, 2, true, templates::templatefile),
    ("title", 1, 1, true, text::title),
    ("tobool", 1, 1, true, text::tobool),
    ("tolist", 1, 1, true, collections::tolist),
    ("tomap", 1, 1, true, collections::tomap),
    ("tonumber", 1, 1, true, text::tonumber),
    ("toset", 1, 1, true, collections::toset),
    ("tostring", 1, 1, true, text::tostring),
    ("transpose", 1, 1, true, sets::transpose),
    ("trim", 2, 2, true, text::trim),
    ("trimprefix", 2, 2, true, text::trimprefix),
    ("trimspace", 1, 1, true, text::trimspace),
    ("trimsuffix", 2, 2, true, text::trimsuffix),
    ("upper", 1, 1, true, text::upper),
    ("urlencode", 1, 1, true, encode::urlencode),
    ("values", 1, 1, true, collections::values),
    ("yamldecode", 1, 1, true, decode::yamldecode),
    ("zipmap", 2, 2, true, sets::zipmap),
];

pub(super) fn call(evaluator: &Evaluator<'_>, call: &Call, expr: &Expr, scope: Scope<'_>) -> Result<Value, Fault> {
    match call.name.as_str() {
        "try" => return attempt::first_sound(evaluator, &call.arguments, scope),
        "can" => return attempt::can(evaluator, &call.arguments, scope),
        name if evaluator.names.is_some() && terragrunt::is_own(name) => {
            return Err(Fault::new(format!("there is no function named `{name}` outside Terragrunt")));
        }
        _ => {}
    }
    let Ok(at) = TABLE.binary_search_by(|function| function.0.cmp(&call.name)) else {
        return Ok(Value::unknown(unsupported(&call.name)));
    };
    let (name, fewest, most, strict, apply) = TABLE[at];
    let mut values = Vec::with_capacity(call.arguments.len());
    for argument in &call.arguments {
        values.push(evaluator.eval(argument, scope)?);
    }
    if call.expand
        && let Some(last) = values.pop()
    {
        match evaluator.entries(&last)? {
            Ok(entries) => values.extend(entries.into_iter().map(|(_, value)| value)),
            Err(reason) => return Ok(Value::unknown(reason)),
        }
    }
    if !(fewest..=most).contains(&values.len()) {
        return Err(Fault::new(format!("`{name}` does not take {} arguments", values.len())));
    }
    if let (true, Some(unknown)) = (strict, values.iter().find(|value| value.unknown_reason().is_some())) {
        return Ok(unknown.clone());
    }
    let arguments = Arguments { evaluator, scope, values };
    match apply(&arguments) {
        // What was made of other texts remembers them.
        Ok(Value { kind: kind @ Kind::String(_), origin: Origin::Made }) => {
            let inputs = arguments.values.iter().map(|value| value.origin.clone());
            Ok(Value { kind, origin: Origin::Computed { span: scope.span(expr), inputs: inputs.collect() } })
        }
        Ok(value) => Ok(value),
        Err(Stop::Unknown(reason)) => Ok(Value::unknown(reason)),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}

fn unsupported(name: &str) -> String {
    match (terragrunt::why_unknown(name), name) {
        (Some(reason), _) => format!("`{name}` {reason}"),
        (None, "timestamp" | "uuid" | "bcrypt") => format!("`{name}` gives something else at each run"),
        (None, _) => format!("the function `{name}` is not worked out"),
    }
}

impl Arguments<'_, '_> {
    /// An argument as text; a number or bool is turned into it.
    fn text(&self, at: usize) -> Result<Rc<str>, Stop> {
        text_of(&self.values[at])
    }

    /// An argument as a number.
    fn number(&self, at: usize) -> Result<f64, Stop> {
        let value = &self.values[at];
        operators::number(value).ok_or_else(|| wrong("a number", value))
    }

    /// The elements of an argument.
    fn items(&self, at: usize) -> Result<Vec<Value>, Stop> {
        let value = &self.values[at];
        match self.evaluator.entries(value)? {
            Ok(entries) => Ok(entries.into_iter().map(|(_, value)| value).collect()),
            Err(reason) => Err(Stop::Unknown(reason)),
        }
    }
}

fn text_of(value: &Value) -> Result<Rc<str>, Stop> {
    match value.unknown_reason() {
        Some(reason) => Err(Stop::Unknown(reason.clone())),
        None => operators::text(value).ok_or_else(|| wrong("a string", value)),
    }
}

fn wrong(wanted: &str, value: &Value) -> Stop {
    Stop::Fault(Fault::new(format!("{wanted} is needed here, this is {}", value.kind_name())))
}

/// Terragrunt makes an empty string of it wherever it passes from one block to the next.
fn null_of_a_type() -> Stop {
    unknown("what becomes of a null that has a type is not worked out")
}

fn unknown(reason: &str) -> Stop {
    Stop::Unknown(Rc::from(reason))
}

#[cfg(test)]
mod tests {
    use super::{TABLE, terragrunt};

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn each_function_of_terragrunt_is_worked_out_or_unknown_for_a_reason() {
        for (name, reason) in terragrunt::OWN {
            let is_worked_out = TABLE.binary_search_by(|function| function.0.cmp(name)).is_ok();
            assert_eq!(is_worked_out, reason.is_none(), "{name}");
        }
    }
}
