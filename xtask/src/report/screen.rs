//! The screen: results go to stdout, everything else to stderr; colour only underlines what the words already say.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use crate::model::{Failures, Kind, one_line, printable};
use crate::report::region::{columns, to_stderr};
use crate::report::rehearsed;
use crate::report::wrap::folded;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` overrides.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// The decision, from the flag, two conventional variables (<https://no-color.org>, <https://bixense.com/clicolors>)
    /// and whether there is a terminal.
    pub fn resolve(self, no_color: bool, force: bool, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => force || (is_terminal && !no_color),
        }
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volume {
    /// Errors, questions and results.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Every line of every program as well.
    Verbose,
}

/// What a word means, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It goes on.
    Plain,
    /// It went well.
    Good,
    /// Look here.
    Warning,
    /// It went wrong.
    Bad,
}

/// The width of the column of verbs.
pub const VERBS: usize = 13;

/// Where words go.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    color: bool,
    volume: Volume,
    is_terminal: bool,
    /// Whether it is a terminal that can only be printed on, such as that of an editor.
    is_dumb: bool,
}

impl Screen {
    /// A screen for this process's stderr and stdout.
    pub fn new(color: Color, volume: Volume) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = color.resolve(
            is_dumb || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            set("CLICOLOR_FORCE"),
            io::stderr().is_terminal(),
        );
        Self { color, volume, is_terminal: io::stderr().is_terminal(), is_dumb }
    }

    /// Whether a live region is painted: on a terminal, where lines of programs don't fill it anyway.
    pub fn shows_live(&self) -> bool {
        self.is_terminal && !self.is_dumb && self.volume == Volume::Normal
    }

    /// The same screen, on which what a question is about is shown however little else is said.
    pub fn for_question(self) -> Self {
        Self { volume: self.volume.max(Volume::Normal), ..self }
    }

    /// How much is said.
    pub fn volume(&self) -> Volume {
        self.volume
    }

    /// A line of progress: a verb, aligned, and what it is about.
    pub fn say(&self, tone: Tone, verb: &str, text: impl fmt::Display) {
        if self.volume > Volume::Quiet {
            self.insist(tone, verb, text);
        }
    }

    /// A line that is said even when quiet is asked for.
    pub fn insist(&self, tone: Tone, verb: &str, text: impl fmt::Display) {
        let verb = format!("{verb:<width$}", width = VERBS - 1);
        let text = text.to_string();
        let text = rehearsed::told(&text);
        let text = one_line(&text);
        let text = if self.is_terminal { folded(&text, VERBS, columns(), VERBS) } else { text.into_owned() };
        to_stderr(&format!("{} ", self.paint(tone, &verb)), &text);
    }

    /// A line as it is, even when quiet is asked for.
    pub fn insist_line(&self, line: &str) {
        to_stderr("", line);
    }

    /// Lines as they are.
    pub fn lines(&self, text: &str) {
        if self.volume > Volume::Quiet {
            for line in text.lines() {
                to_stderr("", line);
            }
        }
    }

    /// An empty line between two parts.
    pub fn blank(&self) {
        if self.volume > Volume::Quiet {
            to_stderr("", "");
        }
    }

    /// Everything that is wrong.
    pub fn failures(&self, failures: &Failures) {
        for (n, failure) in failures.iter().enumerate() {
            if n > 0 {
                to_stderr("", "");
            }
            let text = failure.to_string();
            let (what, rest) = text.split_once('\n').unwrap_or((&text, ""));
            match failure.kind {
                Kind::Cancelled => to_stderr(&format!("{} ", self.paint(Tone::Plain, "Cancelled.")), &sentence(what)),
                _ => to_stderr(&format!("{} ", self.paint(Tone::Bad, "error:")), what),
            }
            for line in rest.lines() {
                match line.strip_prefix("hint: ") {
                    Some(hint) => to_stderr(&format!("{} ", self.paint(Tone::Good, "hint:")), hint),
                    None => to_stderr("", line),
                }
            }
        }
    }

    /// A result, on stdout: text or JSON, in which what acts on terminals is escaped wherever it goes, since it is pasted
    /// into terminals and tickets.
    pub fn result(&self, text: &str) -> io::Result<()> {
        self.bytes(printable(text).as_bytes())
    }

    /// A result whose every byte counts, such as a diff, commands to be run, or a log: as it is, unless a terminal shows it.
    pub fn exact(&self, bytes: &[u8]) -> io::Result<()> {
        match io::stdout().is_terminal() {
            true => self.bytes(printable(&String::from_utf8_lossy(bytes)).as_bytes()),
            false => self.bytes(bytes),
        }
    }

    fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        if !bytes.ends_with(b"\n") && !bytes.is_empty() {
            stdout.write_all(b"\n")?;
        }
        stdout.flush()
    }

    fn paint(&self, tone: Tone, word: &str) -> String {
        let code = match tone {
            Tone::Plain => "1",
            Tone::Good => "1;32",
            Tone::Warning => "1;33",
            Tone::Bad => "1;31",
        };
        if self.color { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }
}

/// A message as a sentence.
fn sentence(what: &str) -> String {
    let mut letters = what.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// A count with its noun: `1 unit`, `2 units`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {noun}s"),
    }
}

/// A duration as people say it: `0.4 s`, `9 s`, `1 min 48 s`.
pub fn duration(took: std::time::Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if seconds < 60.0 {
        format!("{seconds:.0} s")
    } else {
        let whole = took.as_secs();
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn colour_is_for_terminals_unless_somebody_says_otherwise() {
        for (color, no_color, force, terminal, expected) in [
            (Color::Auto, false, false, true, true),
            (Color::Auto, false, false, false, false),
            (Color::Auto, true, false, true, false),
            (Color::Auto, false, true, false, true),
            (Color::Always, true, false, false, true),
            (Color::Never, false, true, true, false),
        ] {
            assert_eq!(color.resolve(no_color, force, terminal), expected, "{color:?} {no_color} {force} {terminal}");
        }
    }

    #[test]
    fn counts_and_durations_read_as_people_say_them() {
        assert_eq!(count(1, "account"), "1 account");
        assert_eq!(count(2, "repository"), "2 repositories");
        assert_eq!(duration(Duration::from_millis(420)), "0.4 s");
        assert_eq!(duration(Duration::from_secs(14)), "14 s");
        assert_eq!(duration(Duration::from_secs(108)), "1 min 48 s");
    }
}
