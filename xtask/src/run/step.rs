//! Steps, and the stages that they are grouped in: everything that a run will do, as a value, before anything happens.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{AccountId, UnitPath, one_line};
use crate::tools::attempt::Attempt;
use crate::tools::guard::GuardOrder;
use crate::tools::process::{Invocation, Output, quoted};
use crate::tools::provider_cache;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Opens a session and proves whose it is.
    Identity,
    /// Asks a git repository that holds modules, so that its questions come early.
    Source,
    /// Asks ECR for an image.
    Lookup,
    /// Builds and pushes an image.
    Build,
    /// Has a runner plan, to see its container start.
    Smoke,
    /// Makes the folder of a unit of Terraform alone ready.
    Init,
    /// Writes a plan file.
    Plan,
    /// Reads a plan file.
    Show,
    /// Reads the state of a unit.
    State,
    /// Reads the outputs of a unit.
    Output,
    /// Applies a plan file.
    Apply,
}

impl StepKind {
    /// What is going on while it runs.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Identity => "verifying",
            Self::Source | Self::Lookup => "asking",
            Self::Build => "building",
            Self::Init => "preparing",
            Self::Smoke | Self::Plan => "planning",
            Self::Show | Self::State | Self::Output => "reading",
            Self::Apply => "applying",
        }
    }

    /// What the task of ECS does that it starts, if it starts one.
    pub fn task(self) -> Option<&'static str> {
        match self {
            Self::Build => Some("builds"),
            Self::Smoke => Some("plans"),
            _ => None,
        }
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Source => "source",
            Self::Lookup => "lookup",
            Self::Build => "build",
            Self::Smoke => "smoke",
            Self::Init => "init",
            Self::Plan => "plan",
            Self::Show => "show",
            Self::State => "state",
            Self::Output => "output",
            Self::Apply => "apply",
        })
    }
}

/// What a comment begins with that tells of a single command.
const OUTLINE: &str = "#   ";

/// The comments of a script, as a plan to be read; what is neither a comment nor a command stays as it is.
pub fn outline_of(script: &str) -> String {
    let is_command =
        |line: &str| ["cd ", "mkdir -p ", "cp -p ", "sha256sum "].iter().any(|word| line.starts_with(word));
    let lines = script.lines().filter(|line| !is_command(line)).map(|line| match line.strip_prefix(OUTLINE) {
        Some(line) => format!("  {line}\n"),
        None => format!("{}\n", line.strip_prefix("# ").unwrap_or(line)),
    });
    lines.collect::<String>().trim_start_matches('\n').to_owned()
}

/// A script without the comments that tell of single commands.
pub fn commands_of(script: &str) -> impl Iterator<Item = &str> {
    script.lines().filter(|line| !line.is_empty() && !line.starts_with(OUTLINE))
}

/// A session: its account, and the words of the credential tool that open it.
pub type SessionKey = (AccountId, Arc<str>);

/// One thing that a run does.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// What it does it to, in a word or two: an account, an image, a repository.
    pub subject: String,
    /// The unit that it works in, if it works in one.
    pub unit: Option<UnitPath>,
    /// The account whose session it needs, if it needs one.
    pub account: Option<AccountId>,
    /// The words of the credential tool, by which sessions of one account are told apart.
    pub session: Arc<str>,
    /// The command.
    pub invocation: Invocation,
    /// The folder for its proofs; `None` where no credentials are involved.
    pub attempt: Option<Attempt>,
    /// Where its output goes; `None` in the foreground.
    pub output: Option<Output>,
    /// The plan file that it writes or applies.
    pub plan: Option<PathBuf>,
    /// The file that the inner guard has Terraform write its answer to, where the answer is what the step is for.
    pub product: Option<PathBuf>,
    /// The file with the hash of the plan that was consented to.
    pub consent: Option<PathBuf>,
    /// The lock that is held while somebody is at work on it.
    pub lock: Option<PathBuf>,
}

impl Step {
    /// The session that it works in, if it needs one.
    pub fn session_key(&self) -> Option<SessionKey> {
        self.account.clone().map(|account| (account, self.session.clone()))
    }

    /// Whether a session that ends on the way would leave something half-made, or make it fail after a while.
    pub fn needs_a_lasting_session(&self) -> bool {
        matches!(self.kind, StepKind::Init | StepKind::Plan | StepKind::Apply)
    }

    /// Whether it can be begun once more where its credential tool started nothing.
    pub fn may_wait_for_a_session(&self) -> bool {
        self.needs_a_lasting_session() || matches!(self.kind, StepKind::Lookup | StepKind::State)
    }

    /// The command, ready to paste. A person who pastes an apply consents to the plan by writing down its hash.
    pub fn shell_line(&self) -> String {
        let command = self.invocation.shell_line();
        match (&self.plan, &self.consent) {
            (Some(plan), Some(consent)) => format!(
                "sha256sum {} > {} && {command}",
                quoted(&plan.to_string_lossy()),
                quoted(&consent.to_string_lossy())
            ),
            _ => command,
        }
    }

    /// The command without the guard and its options.
    fn outline(&self) -> String {
        let words: Vec<_> = self.invocation.argv.iter().map(|word| word.to_string_lossy()).collect();
        let Some(guard) = words.iter().position(|word| word == "guard") else { return self.kind.doing().to_owned() };
        let Some(program) = words[guard..].iter().position(|word| word == "--") else {
            return "who the credentials belong to".to_owned();
        };
        let (wrapper, program) = (&words[..guard.saturating_sub(1)], &words[guard + program + 1..]);
        if program.get(1).is_some_and(|word| word == "ask") {
            let n = program.len() - 2;
            return format!("{n} question{} to AWS", if n == 1 { "" } else { "s" });
        }
        let name = program.first().map(|path| path.rsplit('/').next().unwrap_or(path)).into_iter();
        let rest = program.iter().skip(1).map(|word| word.as_ref());
        let typed = wrapper.iter().map(|word| word.as_ref()).chain(name).chain(rest);
        typed.map(quoted).collect::<Vec<_>>().join(" ")
    }

    /// Whether it lets terragrunt's provider cache server have the providers.
    pub fn uses_provider_cache(&self) -> bool {
        self.invocation.argv.iter().any(|word| word == provider_cache::OPTION)
    }

    /// The same, where each unit has providers of its own.
    #[must_use]
    pub fn without_provider_cache(&self) -> Self {
        let mut step = self.clone();
        step.invocation.argv.retain(|word| word != provider_cache::OPTION);
        step
    }

    /// The same once more: with proofs and a log of its own.
    pub fn again(&self, n: u32) -> Self {
        let mut step = self.clone();
        if let (Some(old), Some(new)) = (&self.attempt, &mut step.attempt) {
            *new = old.again(n);
            for (name, old, new) in [
                ("attempt", old.dir.as_os_str(), new.dir.as_os_str()),
                ("nonce", old.nonce.as_ref(), new.nonce.as_ref()),
            ] {
                let (old, new) = (GuardOrder::option(name, old), GuardOrder::option(name, new));
                let words = step.invocation.argv.iter_mut().filter(|word| **word == old);
                words.for_each(|word| word.clone_from(&new));
            }
        }
        if let Some(output) = &mut step.output {
            output.log = output.log.with_extension(format!("{n}.log"));
        }
        step
    }
}

/// Steps of one subject, one after the other. A run of a thousand units has thousands of them, and all stages that they are
/// in share them.
pub type Lane = Vec<Arc<Step>>;

/// Steps that belong together.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The verb under which it is shown, such as `Planning`.
    pub title: String,
    /// Whether its beginning is worth a line; quick questions are told of by their answers.
    pub is_told: bool,
    /// What else there is to say, such as which accounts.
    pub about: String,
    /// Lanes, which may run side by side.
    pub lanes: Vec<Lane>,
}

impl Stage {
    /// The commands, ready to paste, under a comment that says what they are; each has a comment of its own before it.
    pub fn shell_lines(&self) -> String {
        let mut text = format!("# {}: {}\n", self.title, self.about);
        for step in self.lanes.iter().flatten() {
            // A comment that goes on in a second line would be a command there.
            let outline = format!("{}   {}", step.subject, step.outline());
            text.push_str(&format!("{OUTLINE}{}\n{}\n", one_line(&outline), step.shell_line()));
        }
        text
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::tools::env::Env;

    /// A step in dev.
    pub fn step(kind: StepKind) -> Step {
        let attempt = Attempt { dir: "/r/dev.plan".into(), nonce: "first".to_owned() };
        let order = order(attempt.clone());
        Step {
            kind,
            subject: "dev".to_owned(),
            unit: None,
            account: Some(order.account.clone()),
            session: "aws-vault exec dev".into(),
            invocation: Invocation {
                argv: order.arguments(),
                missing: None,
                cwd: "/".into(),
                vars: Arc::new(Env::new()),
            },
            attempt: Some(attempt),
            output: Some(Output { log: "/r/dev.plan.log".into(), stdout: None }),
            plan: None,
            product: None,
            consent: None,
            lock: None,
        }
    }

    fn order(attempt: Attempt) -> GuardOrder {
        GuardOrder {
            account: AccountId::parse("100000000004").unwrap(),
            region: "us-east-1".parse().unwrap(),
            endpoint: None,
            pass_environment: Vec::new(),
            attempt: Some(attempt),
            locks: Vec::new(),
            terragrunt: None,
            program: vec!["terragrunt".into()],
        }
    }

    #[test]
    fn a_second_try_has_proofs_and_a_log_of_its_own() {
        let step = step(StepKind::Plan);
        let again = step.again(1);
        let (old, new) = (step.attempt.unwrap(), again.attempt.unwrap());
        assert!(old.dir != new.dir && old.nonce != new.nonce);
        assert_eq!(again.output.unwrap().log, PathBuf::from("/r/dev.plan.1.log"));
        assert_eq!(again.invocation.argv, order(new).arguments());
    }
}
