//! The arguments of the AWS CLI: options anywhere, of which some take several values.

use std::env;

use crate::refusal::{Outcome, Refusal};

/// A call of an operation of a service.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) service: String,
    pub(super) operation: String,
    options: Vec<(String, Vec<String>)>,
}

impl Call {
    /// The value of an option.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).first().map(String::as_str)
    }

    /// The values of an option that takes several; of an option given twice, the last counts.
    pub(super) fn values(&self, name: &str) -> &[String] {
        self.options.iter().rev().find(|(option, _)| option == name).map_or(&[], |(_, values)| values)
    }

    /// The region of the call: the option, or else the environment.
    pub(super) fn region(&self) -> Outcome<String> {
        let from_env = || ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| env::var(name).ok());
        let region = self.value("region").map(str::to_owned).or_else(from_env).filter(|region| !region.is_empty());
        region.ok_or_else(|| {
            Refusal::new(
                253,
                "\nYou must specify a region. You can also configure your region by running \"aws configure\".",
            )
        })
    }

    fn require(&self, name: &'static str) -> Outcome {
        match self.value(name) {
            Some(_) => Ok(()),
            None => Err(usage(&format!("the following arguments are required: --{name}"))),
        }
    }
}

/// How many values an option takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    None,
    One,
    Many,
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

/// Operations with their own options; the first ones are required.
type Operation = (&'static str, &'static str, &'static [&'static str], &'static [(&'static str, Values)]);
const OPERATIONS: &[Operation] = &[
    ("configure", "export-credentials", &[], &[("format", Values::One)]),
    ("sts", "get-caller-identity", &[], &[]),
    (
        "ecr",
        "describe-images",
        &["repository-name"],
        &[("registry-id", Values::One), ("repository-name", Values::One), ("image-ids", Values::Many)],
    ),
    ("ecr", "get-login-password", &[], &[]),
    (
        "ecr",
        "get-repository-policy",
        &["repository-name"],
        &[("registry-id", Values::One), ("repository-name", Values::One)],
    ),
    ("ecr", "get-registry-policy", &[], &[]),
    (
        "ecs",
        "describe-task-definition",
        &["task-definition"],
        &[("task-definition", Values::One), ("include", Values::Many)],
    ),
    ("ecs", "describe-clusters", &[], &[("clusters", Values::Many), ("include", Values::Many)]),
    ("ecs", "describe-tasks", &["tasks"], &[("cluster", Values::One), ("tasks", Values::Many)]),
    ("lambda", "get-function-configuration", &["function-name"], &[("function-name", Values::One)]),
    (
        "ecs",
        "list-task-definitions",
        &[],
        &[("family-prefix", Values::One), ("status", Values::One), ("sort", Values::One)],
    ),
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
        let mut values: Vec<String> = inline.map(str::to_owned).into_iter().collect();
        if takes != Values::None && inline.is_none() {
            while let Some(value) = args.next_if(|next| !next.starts_with("--")) {
                values.push(value.clone());
                if takes == Values::One {
                    break;
                }
            }
            if values.is_empty() {
                return Err(usage(&format!("argument --{name}: expected one argument")));
            }
        }
        call.options.push((name.to_owned(), values));
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
        let Some((_, _, required, _)) = self.known() else { return Ok(()) };
        required.iter().try_for_each(|name| self.require(name))?;
        if unknown.is_empty() {
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
    fn options_may_stand_anywhere_and_take_several_values() {
        let line = "--region us-east-1 ecr describe-images --image-ids imageTag=a imageTag=b --repository-name=x --output json";
        let call = read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).unwrap().unwrap();
        assert_eq!(call.values("image-ids"), ["imageTag=a", "imageTag=b"]);
        assert_eq!(call.value("repository-name"), Some("x"));
        assert_eq!(call.region().unwrap(), "us-east-1");
    }

    #[test]
    fn what_the_cli_refuses_is_refused() {
        for (line, code, text) in [
            ("", 252, "aws: error: the following arguments are required: command"),
            ("ecr", 252, "aws: error: the following arguments are required: operation"),
            ("ecr describe-images", 252, "aws: error: the following arguments are required: --repository-name"),
            ("ecr describe-images --repository-name x --foo", 252, "aws: error: Unknown options: --foo"),
            (
                "ecr describe-images --repository-name",
                252,
                "aws: error: argument --repository-name: expected one argument",
            ),
            ("sts get-caller-identity --query Account", 1, "rehearsal: the stand-in for aws has no `--query`"),
        ] {
            assert_eq!(refused(line), (code, text.to_owned()), "{line}");
        }
    }
}
