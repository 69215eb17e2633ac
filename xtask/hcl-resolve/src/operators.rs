//! Operators and the conversions that HCL does by itself.

use std::rc::Rc;

use super::evaluate::Scope;
use super::syntax::{Binary, Expr, Unary};
use super::{Evaluator, Fault, Kind, Value};

/// Doubles hold every integer up to here.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// So many decimal digits survive in a double.
const DIGITS: usize = 15;
/// Below this, sums and products of numbers with ten binary places lose nothing.
const SMALL: f64 = 1_073_741_824.0;

/// Whether what is worked out with such a number is what Terraform works out with its 512 bits.
pub(crate) fn is_exact(number: f64) -> bool {
    (number.fract() == 0.0 && number.abs() < EXACT) || is_small(number)
}

fn is_small(number: f64) -> bool {
    (number * 1024.0).fract() == 0.0 && number.abs() < SMALL
}

/// A number in decimal notation, if a double keeps it as it is written.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    if !text.bytes().all(plain) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let is_short = digits.trim_start_matches('0').len() <= DIGITS && number.abs() < EXACT;
    let is_whole = !text.contains(['.', 'e', 'E']) && number.abs() < EXACT;
    (is_short || is_whole).then_some(number)
}

/// Whether a text is sure to stay as it is when Terraform puts letters and their accents together (NFC).
pub(crate) fn is_composed(text: &str) -> bool {
    let may_change = |letter: char| {
        matches!(u32::from(letter),
            0x300..=0x36f | 0x483..=0x487 | 0x591..=0x1dff | 0x1f00..=0x2001 | 0x20d0..=0x20ff | 0x2126..=0x212b
            | 0x2329..=0x232a | 0x2adc | 0x302a..=0x309a | 0xa66f..=0xabff | 0xf900..=0xfaff | 0xfb1d..=0xfb4e
            | 0xfe20..=0xfe2f | 0x10000..=0x1efff)
    };
    text.is_ascii() || !text.chars().any(may_change)
}

/// The value as text, where HCL would turn it into a string by itself.
pub fn text(value: &Value) -> Option<Rc<str>> {
    match &value.kind {
        Kind::String(text) => Some(text.clone()),
        Kind::Bool(value) => Some(Rc::from(if *value { "true" } else { "false" })),
        Kind::Number(number) => Some(Rc::from(number_text(*number))),
        _ => None,
    }
}

/// The value as a number, where HCL would turn it into one by itself.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match &value.kind {
        Kind::Number(number) => Some(*number),
        Kind::String(text) => decimal(text),
        _ => None,
    }
}

/// Whether a condition holds; `None` if that is unknown.
pub fn truth(value: &Value) -> Result<Option<bool>, Fault> {
    match &value.kind {
        Kind::Bool(value) => Ok(Some(*value)),
        Kind::String(text) if matches!(&**text, "true" | "1") => Ok(Some(true)),
        Kind::String(text) if matches!(&**text, "false" | "0") => Ok(Some(false)),
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
    if operand.is_null() {
        return Ok(Value::unknown("an operation on null is not worked out"));
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
    if matches!(operator, Binary::And | Binary::Or) {
        return logical(evaluator, operator == Binary::Or, left, right, scope);
    }
    let left = evaluator.eval(left, scope)?;
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
    left: &Expr,
    right: &Expr,
    scope: Scope<'_>,
) -> Result<Value, Fault> {
    let versions_differ = || Value::unknown("terragrunt's versions differ in whether both operands have to be sound");
    let bool = |holds| Value::made(Kind::Bool(holds));
    let left = match evaluator.eval(left, scope) {
        Err(fault) if fault.is_limit() => return Err(fault),
        Ok(left) if left.is_null() => return Ok(versions_differ()),
        Ok(left) => Ok((truth(&left)?, left)),
        Err(fault) => Err(fault),
    };
    let right = evaluator.eval(right, scope);
    let is_null = right.as_ref().is_ok_and(Value::is_null);
    let right = right.and_then(|right| Ok((truth(&right)?, right)));
    match (left, right) {
        (Err(_), Ok((None, _))) => Ok(versions_differ()),
        (Err(_), Ok((Some(right), _))) if right == deciding => Ok(versions_differ()),
        (Err(_), Err(_)) if is_null => Ok(versions_differ()),
        (Err(fault), _) => Err(fault),
        // The left one leaves it to the right one.
        (Ok((Some(left), _)), right) if left != deciding => right.map(|(holds, right)| holds.map_or(right, bool)),
        (Ok(_), Err(fault)) if fault.is_limit() => Err(fault),
        (Ok(_), Err(_)) => Ok(versions_differ()),
        (Ok((Some(_), _)), Ok(_)) => Ok(bool(deciding)),
        (Ok((None, _)), Ok((Some(right), _))) if right == deciding => Ok(bool(deciding)),
        (Ok((None, left)), Ok(_)) => Ok(left),
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

/// Whether two plain values are equal, which they are in value and type; `None` if one is null or not plain.
pub(super) fn equal_plain(left: &Value, right: &Value) -> Option<bool> {
    if left.is_null() || right.is_null() {
        return None;
    }
    match &equal(left, right, true).kind {
        Kind::Bool(same) => Some(*same),
        _ => None,
    }
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
        Binary::Divide | Binary::Remainder if b == 0.0 => {
            return Ok(Value::unknown("what Terraform makes of a division by zero is not worked out"));
        }
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        _ => a % b,
    };
    let all = [a, b, result];
    let is_right = operator != Binary::Divide || result * b == a;
    let is_whole = all.iter().all(|number| number.fract() == 0.0 && is_exact(*number));
    Ok(if is_right && (is_whole || all.iter().all(|number| is_small(*number))) {
        Value::made(Kind::Number(result))
    } else {
        Value::unknown("arithmetic with fractions or very large numbers is not worked out")
    })
}
