//! The result of a command for programs, where it has no document of its own: how it ended, and why.

use serde_json::{Value, json};

use crate::model::{Exit, Failure, Failures, Kind};

/// `{"schema":1,"run":…,"result":"refused","exit":3,"failures":[…],"commands":[…]}`; `commands` is what a dry run would do.
pub fn of(exit: Exit, failures: Option<&Failures>, run: Option<&str>, commands: &[String]) -> Value {
    let kind = failures.and_then(|failures| failures.iter().map(|failure| failure.kind).max());
    let failures: Vec<_> = failures.into_iter().flat_map(Failures::iter).map(failure).collect();
    let mut document =
        json!({ "schema": 1, "run": run, "result": word(kind, exit), "exit": exit.0, "failures": failures });
    if !commands.is_empty() {
        document["commands"] = json!(commands);
    }
    document
}

fn word(kind: Option<Kind>, exit: Exit) -> &'static str {
    match kind {
        Some(Kind::Cancelled) => "cancelled",
        Some(Kind::Failed) => "failed",
        Some(Kind::Usage) => "usage",
        Some(Kind::Refused) => "refused",
        Some(Kind::NothingSelected) => "nothing-selected",
        Some(Kind::Differs) => "differs",
        Some(Kind::Internal) => "internal",
        Some(Kind::Interrupted) => "interrupted",
        Some(Kind::Terminated) => "terminated",
        None => match exit.0 {
            0 => "done",
            3 => "refused",
            4 => "nothing-selected",
            5 => "differs",
            70 => "internal",
            130 => "interrupted",
            143 => "terminated",
            _ => "failed",
        },
    }
}

fn failure(failure: &Failure) -> Value {
    let causes = failure.source.iter().flat_map(|source| source.chain()).map(ToString::to_string);
    json!({
        "what": failure.what,
        "at": failure.at.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "details": failure.details,
        "causes": causes.collect::<Vec<_>>(),
        "hints": failure.hints,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_says_how_it_ended_why_and_what_to_do() {
        let failures = Failures::from(Failure::unconfirmed("nothing was applied").hint("--yes"));
        let document = of(failures.exit(), Some(&failures), Some("2026-11-30-abc"), &[]);
        assert_eq!(
            (&document["result"], &document["exit"], &document["run"]),
            (&json!("refused"), &json!(3), &json!("2026-11-30-abc"))
        );
        assert_eq!(document["failures"][0]["hints"], json!(["--yes"]));
        assert_eq!(of(Exit::DONE, None, None, &["a".to_owned()])["commands"], json!(["a"]));
    }
}
