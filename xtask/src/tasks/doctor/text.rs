//! What the doctor found, for people.

use super::finding::{Finding, Grade, n_with};
use crate::report::fill::filled;

/// One paragraph per finding, and what it comes to.
pub(super) fn page(findings: &[Finding], columns: usize) -> String {
    let width = findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or_default();
    let indent = " ".repeat(6 + width + 2);
    let mut text = String::new();
    for finding in findings {
        let word = match finding.grade {
            Grade::Ok => "ok",
            Grade::Warn => "warn",
            Grade::Fail => "fail",
            Grade::Skip => "skip",
        };
        text += &filled(&finding.text, &format!("{word:<6}{:width$}  ", finding.name), &indent, columns);
        for place in &finding.places {
            text += &format!("      --> {place}\n");
        }
        for line in finding.details.iter().flat_map(|detail| detail.lines()) {
            text += &format!("      {line}\n");
        }
        match &finding.to_do[..] {
            [] => {}
            [only] => text += &step("      do: ", only),
            several => {
                for (n, one) in several.iter().enumerate() {
                    text += &step(&format!("      {} ", if n == 0 { "do:" } else { "   " }), one);
                }
            }
        }
    }
    text + &format!("\n{}\n", sum(findings))
}

/// A step is never broken: it may be a command to be pasted.
fn step(first: &str, text: &str) -> String {
    format!("{first}{text}\n")
}

/// `1 thing to fix, 2 to know`.
fn sum(findings: &[Finding]) -> String {
    let things = |n: usize| if n == 1 { "1 thing".to_owned() } else { format!("{n} things") };
    match (n_with(findings, Grade::Fail), n_with(findings, Grade::Warn), n_with(findings, Grade::Skip)) {
        (0, 0, 0) => "all is well".to_owned(),
        (0, 0, skipped) => format!("nothing to fix; {} not looked at", things(skipped)),
        (0, to_know, _) => format!("nothing to fix, {} to know", things(to_know)),
        (to_fix, 0, _) => format!("{} to fix", things(to_fix)),
        (to_fix, to_know, _) => format!("{} to fix, {to_know} to know", things(to_fix)),
    }
}
