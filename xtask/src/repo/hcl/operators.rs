//! Operators and the conversions that HCL does by itself.

use std::rc::Rc;

use super::evaluate::Scope;
use super::syntax::{Binary, Expr, Unary};
use super::{Evaluator, Fault, Kind, Value};

/// Doubles hold every integer up to here.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value as text, where HCL would turn it into a string by itself.
pub(in crate::repo) fn text(value: &Value) -> Option<Rc<str>> {
    match &value.kind {
        Kind::String(text) => Some(text.clone()),
        Kind::Bool(value) => Some(Rc::from(if *value { "true" } else { "false" })),
        Kind::Number(number) => Some(Rc::from(number_text(*number))),
        _ => None,
    }
}

/// The value as a number, where HCL would turn it into one by itself.
pub(in crate::repo) fn number(value: &Value) -> Option<f64> {
    match &value.kind {
        Kind::Number(number) => Some(*number),
        Kind::String(text) => {
            let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
            let text = text.bytes().all(plain).then_some(&**text)?;
            text.parse().ok().filter(|number: &f64| number.abs() <= EXACT)
        }
        _ => None,
    }
}

/// Whether a condition holds; `None` if that is unknown.
pub(super) fn truth(value: &Value) -> Result<Option<bool>, Fault> {
    match &value.kind {
        Kind::Bool(value) => Ok(Some(*value)),
        Kind::String(text) if &**text == "true" => Ok(Some(true)),
        Kind::String(text) if &**text == "false" => Ok(Some(false)),
        Kind::Unknown(_) => Ok(None),
        _ => Err(Fault::new(format!("a condition must be true or false, this is {}", value.kind_name()))),
    }
}

fn number_text(number: f64) -> String {
    // Without an exponent, and `-0` is 0.
    if number == 0.0 { "0".to_owned() } else { format!("{number}") }
}

pub(super) fn unary(operator: Unary, operand: &Value) -> Result<Value, Fault> {
    if operand.unknown_reason().is_some() {
        return Ok(operand.clone());
    }
    match operator {
        Unary::Not => {
            let holds = truth(operand)?.expect("an unknown operand was returned above");
            Ok(Value::made(Kind::Bool(!holds)))
        }
        Unary::Negate => match number(operand) {
            Some(number) => Ok(Value::made(Kind::Number(-number))),
            None => Err(Fault::new(format!("{} cannot be negated", operand.kind_name()))),
        },
    }
}

pub(super) fn binary(
    evaluator: &Evaluator<'_>,
    operator: Binary,
    [left, right]: &[Expr; 2],
    scope: Scope<'_>,
) -> Result<Value, Fault> {
    let left = evaluator.eval(left, scope)?;
    if matches!(operator, Binary::And | Binary::Or) {
        return logical(evaluator, operator == Binary::Or, &left, right, scope);
    }
    let right = evaluator.eval(right, scope)?;
    for operand in [&left, &right] {
        if operand.unknown_reason().is_some() {
            return Ok(operand.clone());
        }
    }
    match operator {
        Binary::Equal => Ok(equal(&left, &right, true)),
        Binary::NotEqual => Ok(equal(&left, &right, false)),
        _ => arithmetic(operator, &left, &right),
    }
}

/// `||` is decided by one true operand, `&&` by one false one.
fn logical(
    evaluator: &Evaluator<'_>,
    deciding: bool,
    left: &Value,
    right: &Expr,
    scope: Scope<'_>,
) -> Result<Value, Fault> {
    let known = truth(left)?;
    let right = evaluator.eval(right, scope)?;
    let outcome = match (known, truth(&right)?) {
        (Some(one), _) | (_, Some(one)) if one == deciding => Some(deciding),
        (Some(_), Some(other)) => Some(other),
        _ => None,
    };
    match outcome {
        Some(holds) => Ok(Value::made(Kind::Bool(holds))),
        None => Ok(if known.is_none() { left.clone() } else { right }),
    }
}

fn equal(left: &Value, right: &Value, wanted: bool) -> Value {
    let same = match (&left.kind, &right.kind) {
        (Kind::Null, Kind::Null) => true,
        (Kind::Null, _) | (_, Kind::Null) => false,
        (Kind::Bool(a), Kind::Bool(b)) => a == b,
        (Kind::Number(a), Kind::Number(b)) => a == b,
        (Kind::String(a), Kind::String(b)) => a == b,
        (Kind::Bool(_) | Kind::Number(_) | Kind::String(_), Kind::Bool(_) | Kind::Number(_) | Kind::String(_)) => false,
        _ => return Value::unknown("whether two lists or maps are equal is not worked out"),
    };
    Value::made(Kind::Bool(same == wanted))
}

fn arithmetic(operator: Binary, left: &Value, right: &Value) -> Result<Value, Fault> {
    let operand = |value: &Value| {
        number(value).ok_or_else(|| Fault::new(format!("{} is no operand for arithmetic", value.kind_name())))
    };
    let (a, b) = (operand(left)?, operand(right)?);
    let result = match operator {
        Binary::Less => return Ok(Value::made(Kind::Bool(a < b))),
        Binary::LessEqual => return Ok(Value::made(Kind::Bool(a <= b))),
        Binary::Greater => return Ok(Value::made(Kind::Bool(a > b))),
        Binary::GreaterEqual => return Ok(Value::made(Kind::Bool(a >= b))),
        Binary::Divide | Binary::Remainder if b == 0.0 => return Err(Fault::new("division by zero")),
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        _ => a % b,
    };
    let whole = [a, b, result].iter().all(|number| number.fract() == 0.0 && number.abs() <= EXACT);
    Ok(if whole {
        Value::made(Kind::Number(result))
    } else {
        Value::unknown("arithmetic with fractions or very large numbers is not worked out")
    })
}
