//! The arguments of aws-vault, read as kingpin reads them: flags may stand anywhere before `--`.

use std::ffi::{OsStr, OsString};

use crate::args::{Takes, is_duration};
use crate::refusal::{Outcome, Refusal};

/// What aws-vault was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Version,
    Help,
    Exec(Exec),
    Export(Export),
    List(List),
}

/// `exec`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exec {
    pub(super) profile: String,
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
}

/// `export`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Export {
    pub(super) profile: String,
    pub(super) format: String,
}

/// What `list` prints.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum List {
    Table,
    Profiles,
    Credentials,
    Sessions,
}

/// A flag: its long name, its short one, what it takes.
type Flag = (&'static str, Option<char>, Takes);

const GLOBAL: &[Flag] = &[
    ("help", None, Takes::Nothing),
    ("version", None, Takes::Nothing),
    ("debug", None, Takes::Nothing),
    ("backend", None, Takes::Value),
    ("prompt", None, Takes::Value),
    ("keychain", None, Takes::Value),
    ("secret-service-collection", None, Takes::Value),
    ("pass-dir", None, Takes::Value),
    ("pass-cmd", None, Takes::Value),
    ("pass-prefix", None, Takes::Value),
    ("file-dir", None, Takes::Value),
];
const SESSION: &[Flag] = &[
    ("duration", Some('d'), Takes::Duration),
    ("no-session", Some('n'), Takes::Nothing),
    ("region", None, Takes::Value),
    ("mfa-token", Some('t'), Takes::Value),
    ("stdout", None, Takes::Nothing),
];
const EXEC: &[Flag] = &[
    ("json", Some('j'), Takes::Nothing),
    ("server", Some('s'), Takes::Nothing),
    ("ec2-server", None, Takes::Nothing),
    ("ecs-server", None, Takes::Nothing),
    ("lazy", None, Takes::Nothing),
];
const EXPORT: &[Flag] = &[("format", None, Takes::Value)];
const LIST: &[Flag] =
    &[("profiles", None, Takes::Nothing), ("sessions", None, Takes::Nothing), ("credentials", None, Takes::Nothing)];

/// Reads the arguments.
pub(super) fn read(args: &[OsString]) -> Outcome<Command> {
    let mut read = Reading::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            read.others.extend(args.by_ref().cloned());
            break;
        }
        read.argument(arg, &mut args)?;
    }
    read.finish()
}

fn error(text: impl std::fmt::Display) -> Refusal {
    Refusal::new(1, format!("aws-vault: error: {text}, try --help"))
}

#[derive(Default)]
struct Reading {
    command: Option<String>,
    flags: Vec<(&'static str, String)>,
    others: Vec<OsString>,
}

impl Reading {
    fn argument<'a>(&mut self, arg: &OsStr, rest: &mut impl Iterator<Item = &'a OsString>) -> Outcome {
        let text = arg.to_string_lossy();
        let Some(flag) = text.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            match &self.command {
                None if ["exec", "export", "list", "ls", "help"].contains(&&*text) => {
                    self.command = Some(text.into_owned())
                }
                None if ["add", "remove", "rm", "rotate", "clear", "login"].contains(&&*text) => {
                    return Err(Refusal::new(1, format!("rehearsal: the stand-in for aws-vault has no `{text}`")));
                }
                None => return Err(error(format_args!("expected command but got \"{text}\""))),
                Some(_) => self.others.push(arg.to_owned()),
            }
            return Ok(());
        };
        let (name, inline) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let (name, takes) = self.known(name)?;
        let value = match (takes, inline) {
            (Takes::Nothing, None) => String::new(),
            (Takes::Nothing, Some(value)) => return Err(error(format_args!("unexpected argument '{value}'"))),
            (_, Some(value)) => value.to_owned(),
            (_, None) => match rest.next() {
                Some(value) => value.to_string_lossy().into_owned(),
                None => return Err(error(format_args!("expected argument for flag '--{name}'"))),
            },
        };
        if takes == Takes::Duration && !is_duration(&value) {
            return Err(error("invalid input duration string"));
        }
        self.flags.push((name, value));
        Ok(())
    }

    fn known(&self, name: &str) -> Outcome<(&'static str, Takes)> {
        let of_command: &[&[Flag]] = match self.command.as_deref() {
            Some("exec") => &[GLOBAL, SESSION, EXEC],
            Some("export") => &[GLOBAL, SESSION, EXPORT],
            Some("list" | "ls") => &[GLOBAL, LIST],
            _ => &[GLOBAL],
        };
        let mut known = of_command.iter().copied().flatten();
        let found = match name.strip_prefix('-') {
            Some(long) => known.find(|(known, ..)| *known == long),
            None => known.find(|(_, short, _)| short.is_some_and(|short| name == short.to_string())),
        };
        found.map(|(name, _, takes)| (*name, *takes)).ok_or_else(|| match name.strip_prefix('-') {
            Some(long) => error(format_args!("unknown long flag '--{long}'")),
            None => error(format_args!("unknown short flag '-{name}'")),
        })
    }

    fn is_set(&self, name: &str) -> bool {
        self.flags.iter().any(|(flag, _)| *flag == name)
    }

    fn finish(self) -> Outcome<Command> {
        if self.is_set("version") {
            return Ok(Command::Version);
        }
        if self.is_set("help") {
            return Ok(Command::Help);
        }
        match self.command.as_deref() {
            Some("exec") => self.exec(),
            Some("export") => self.export(),
            Some("list" | "ls") => Ok(Command::List(match () {
                () if self.is_set("profiles") => List::Profiles,
                () if self.is_set("credentials") => List::Credentials,
                () if self.is_set("sessions") => List::Sessions,
                () => List::Table,
            })),
            _ => Ok(Command::Help),
        }
    }

    fn exec(self) -> Outcome<Command> {
        if let Some(other) =
            ["json", "server", "ec2-server", "ecs-server", "lazy"].iter().find(|flag| self.is_set(flag))
        {
            return Err(Refusal::new(1, format!("rehearsal: the stand-in for aws-vault has no `--{other}`")));
        }
        let mut others = self.others.into_iter();
        let profile = others.next().ok_or_else(|| error("required argument 'profile' not provided"))?;
        // The real one would start a shell, which is never what a pipeline without a terminal wants.
        let program = others.next().ok_or_else(|| Refusal::new(1, "rehearsal: aws-vault was given no program"))?;
        Ok(Command::Exec(Exec { profile: profile.to_string_lossy().into_owned(), program, args: others.collect() }))
    }

    fn export(self) -> Outcome<Command> {
        let format =
            self.flags.iter().rev().find(|(flag, _)| *flag == "format").map_or("env", |(_, value)| value.as_str());
        if !["env", "export-env", "json"].contains(&format) {
            return Err(Refusal::new(1, format!("rehearsal: the stand-in for aws-vault exports no `{format}`")));
        }
        let [profile] = self.others.as_slice() else {
            return Err(match self.others.get(1) {
                None => error("required argument 'profile' not provided"),
                Some(more) => error(format_args!("unexpected {}", more.to_string_lossy())),
            });
        };
        Ok(Command::Export(Export { profile: profile.to_string_lossy().into_owned(), format: format.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, read};

    fn said(line: &str) -> String {
        let args: Vec<_> = line.split_whitespace().map(Into::into).collect();
        match read(&args) {
            Ok(Command::Exec(exec)) => format!("{} runs {:?} {:?}", exec.profile, exec.program, exec.args),
            Ok(command) => format!("{command:?}"),
            Err(refusal) => format!("{}: {}", refusal.code, refusal.text),
        }
    }

    #[test]
    fn arguments_are_read_as_kingpin_reads_them() {
        for (line, expected) in [
            ("exec your-dev -- /bin/true -x --foo", r#"your-dev runs "/bin/true" ["-x", "--foo"]"#),
            ("--prompt=terminal exec -d 15m --no-session p -- t", r#"p runs "t" []"#),
            ("exec p t A=b", r#"p runs "t" ["A=b"]"#),
            ("exec p t -0", "1: aws-vault: error: unknown short flag '-0', try --help"),
            ("exec p t --flag", "1: aws-vault: error: unknown long flag '--flag', try --help"),
            ("exec --foo p -- t", "1: aws-vault: error: unknown long flag '--foo', try --help"),
            ("exec --duration abc p -- t", "1: aws-vault: error: invalid input duration string, try --help"),
            ("exec", "1: aws-vault: error: required argument 'profile' not provided, try --help"),
            ("exec -- t", "1: rehearsal: aws-vault was given no program"),
            ("frob", "1: aws-vault: error: expected command but got \"frob\", try --help"),
            ("--version", "Version"),
            ("list --profiles", "List(Profiles)"),
            ("export --format=json p", "Export(Export { profile: \"p\", format: \"json\" })"),
        ] {
            assert_eq!(said(line), expected, "{line}");
        }
    }
}
