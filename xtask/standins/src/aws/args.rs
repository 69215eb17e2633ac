//! The arguments of the AWS CLI: options anywhere.

use crate::refusal::{Outcome, Refusal};

/// A call of an operation of a service.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) service: String,
    pub(super) operation: String,
    options: Vec<(String, String)>,
}

impl Call {
    /// The value of an option; of one given twice, the last counts.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }
}

/// How many values an option takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    None,
    One,
}

const GLOBAL: &[(&str, Values)] = &[
    ("region", Values::One),
    ("output", Values::One),
    ("color", Values::One),
    ("cli-connect-timeout", Values::One),
    ("cli-read-timeout", Values::One),
    ("no-cli-pager", Values::None),
    ("no-cli-auto-prompt", Values::None),
];

/// Operations with their own options.
type Operation = (&'static str, &'static str, &'static [(&'static str, Values)]);
const OPERATIONS: &[Operation] = &[
    ("configure", "export-credentials", &[("format", Values::One)]),
    ("ecs", "deregister-task-definition", &[("task-definition", Values::One)]),
    ("sts", "get-caller-identity", &[]),
];

/// Reads the arguments; none for `--version`.
pub(super) fn read(args: &[String]) -> Outcome<Option<Call>> {
    if args.first().is_some_and(|arg| arg == "--version") {
        return Ok(None);
    }
    let mut call = Call::default();
    let mut unknown: Vec<&String> = Vec::new();
    let mut args = args.iter().peekable();
    while let Some(arg) = args.next() {
        let Some(option) = arg.strip_prefix("--") else {
            match arg {
                service if call.service.is_empty() => call.service.clone_from(service),
                operation if call.operation.is_empty() => call.operation.clone_from(operation),
                _ => unknown.push(arg),
            }
            continue;
        };
        let (name, inline) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let Some(takes) = call.takes(name) else {
            unknown.push(arg);
            continue;
        };
        let value = match (takes, inline) {
            (_, Some(value)) => value.to_owned(),
            (Values::None, None) => String::new(),
            (Values::One, None) => args
                .next_if(|next| !next.starts_with("--"))
                .cloned()
                .ok_or_else(|| usage(&format!("argument --{name}: expected one argument")))?,
        };
        call.options.push((name.to_owned(), value));
    }
    call.check(&unknown)?;
    Ok(Some(call))
}

impl Call {
    fn known(&self) -> Option<&'static Operation> {
        OPERATIONS.iter().find(|(service, operation, ..)| *service == self.service && *operation == self.operation)
    }

    fn takes(&self, name: &str) -> Option<Values> {
        let own = self.known().map_or(&[][..], |(.., options)| options);
        GLOBAL.iter().chain(own).find(|(option, _)| *option == name).map(|(_, takes)| *takes)
    }

    fn check(&self, unknown: &[&String]) -> Outcome {
        if self.service.is_empty() {
            return Err(usage("the following arguments are required: command"));
        }
        if self.operation.is_empty() {
            return Err(usage("the following arguments are required: operation"));
        }
        let refused = ["profile", "query", "endpoint-url", "no-sign-request", "no-verify-ssl", "ca-bundle"];
        let own_words =
            |arg: &&&String| refused.iter().any(|name| arg.strip_prefix("--").is_some_and(|arg| arg.starts_with(name)));
        if let Some(option) = unknown.iter().find(own_words) {
            return Err(Refusal::new(1, format!("rehearsal: the stand-in for aws has no `{option}`")));
        }
        if self.value("output").is_some_and(|output| output != "json") {
            return Err(Refusal::new(1, "rehearsal: the stand-in for aws prints JSON only"));
        }
        if self.known().is_none() || unknown.is_empty() {
            return Ok(());
        }
        let unknown: Vec<&str> = unknown.iter().map(|arg| arg.as_str()).collect();
        Err(usage(&format!("Unknown options: {}", unknown.join(", "))))
    }
}

/// A command line that the CLI can't read: exit code 252.
pub(super) fn usage(text: &str) -> Refusal {
    Refusal::new(
        252,
        format!(
            "\nusage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]\nTo see help text, you can run:\n\n  aws help\n\naws: error: {text}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::read;

    fn refused(line: &str) -> (u8, String) {
        let refusal = read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).unwrap_err();
        (refusal.code, refusal.text.lines().last().unwrap_or_default().to_owned())
    }

    #[test]
    fn options_may_stand_anywhere() {
        let line = "--region us-east-1 configure export-credentials --output json --format=env --format process";
        let call = read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).unwrap().unwrap();
        assert_eq!((call.value("format"), call.value("region")), (Some("process"), Some("us-east-1")));
    }

    #[test]
    fn what_the_cli_refuses_is_refused() {
        for (line, code, text) in [
            ("", 252, "aws: error: the following arguments are required: command"),
            ("sts", 252, "aws: error: the following arguments are required: operation"),
            ("sts get-caller-identity --foo", 252, "aws: error: Unknown options: --foo"),
            ("configure export-credentials --format", 252, "aws: error: argument --format: expected one argument"),
            ("sts get-caller-identity --query Account", 1, "rehearsal: the stand-in for aws has no `--query`"),
        ] {
            assert_eq!(refused(line), (code, text.to_owned()), "{line}");
        }
    }
}
