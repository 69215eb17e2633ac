//! The screen: results go to stdout, everything else to stderr; colour only underlines what the words already say.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::model::{Failures, Kind, one_line, printable};
use crate::report::region::{columns, columns_of, print, to_stderr};
use crate::report::rehearsed;
use crate::report::wrap::{fitted, folded, page_width};

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
    /// A name that is typed, such as a command or an option.
    Name,
}

impl Tone {
    /// The parameter of the escape sequence that sets it.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "1",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "31",
            Self::Name => "36",
        }
    }
}

/// What has a colour in a line, as bytes, and what it means.
pub type Marked = (Range<usize>, Tone);

/// What has a colour in a line of text, if anything has.
pub type Ink = fn(&str) -> Option<Marked>;

/// The lines of a diff that were added or removed.
pub fn diff_ink(line: &str) -> Option<Marked> {
    let tone = match line.as_bytes().first()? {
        b'+' => Tone::Good,
        b'-' => Tone::Bad,
        _ => return None,
    };
    Some((0..line.len(), tone))
}

/// The mark or the word that a line of a table or of a note begins with, or the mark of a cell.
pub fn mark_ink(line: &str) -> Option<Marked> {
    let words = [
        ("ok ", Tone::Good),
        ("warn ", Tone::Warning),
        ("fail ", Tone::Bad),
        ("!  ", Tone::Warning),
        ("?  ", Tone::Warning),
    ];
    if let Some((word, tone)) = words.into_iter().find(|(word, _)| line.starts_with(word)) {
        return Some((0..word.trim_end().len(), tone));
    }
    let at = line.find(" ! ").or_else(|| line.ends_with(" !").then(|| line.len() - 2))?;
    Some((at + 1..at + 2, Tone::Warning))
}

/// The headings of a help text, its commands and its options, as cargo has them.
pub fn help_ink(line: &str) -> Option<Marked> {
    let own = line.len() - line.trim_start().len();
    let words = [("error:", Tone::Bad), ("Usage:", Tone::Good), ("tip:", Tone::Good)];
    if let Some((word, tone)) = words.into_iter().find(|(word, _)| line[own..].starts_with(word)) {
        return Some((own..own + word.len(), tone));
    }
    let is_heading = own == 0 && line.ends_with(':');
    let is_item = (2..=6).contains(&own) && (line[own..].starts_with('-') || own == 2 && line[own..].contains("  "));
    let end = if is_heading { line.len() } else { own + line[own..].find("  ").unwrap_or(line.len() - own) };
    let tone = if is_heading { Tone::Good } else { Tone::Name };
    (is_heading || is_item).then_some((own..end, tone))
}

/// The width of the column of verbs.
pub const VERBS: usize = 13;

/// The words that this process's warnings begin with, each as often as it was printed.
static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Where words go.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    color: bool,
    colors_results: bool,
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
        let no_color = is_dumb || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let resolved = |is_terminal| color.resolve(no_color, set("CLICOLOR_FORCE"), is_terminal);
        let (color, colors_results) = (resolved(io::stderr().is_terminal()), resolved(io::stdout().is_terminal()));
        Self { color, colors_results, volume, is_terminal: io::stderr().is_terminal(), is_dumb }
    }

    /// Whether a live region is painted: on a terminal, where lines of programs don't fill it anyway.
    pub fn shows_live(&self) -> bool {
        self.is_terminal && !self.is_dumb && self.volume == Volume::Normal
    }

    /// The same screen, on which what a question is about is shown however little else is said.
    pub fn for_question(self) -> Self {
        Self { volume: self.volume.max(Volume::Normal), ..self }
    }

    /// How wide text for stderr is made.
    pub fn width(&self) -> usize {
        page_width(columns_of(io::stderr()))
    }

    /// How wide stdout's terminal is, if it is one.
    pub fn result_columns(&self) -> Option<usize> {
        columns_of(io::stdout())
    }

    /// How wide text for stdout is made.
    pub fn result_width(&self) -> usize {
        page_width(self.result_columns())
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

    /// The last line of something that went well, which counts the warnings before it and names the words that they begin
    /// with; a command to be typed stays last.
    pub fn finished(&self, about: &str) {
        let mut words = WARNINGS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if words.is_empty() {
            return self.say(Tone::Good, "Finished", about);
        }
        words.sort_unstable();
        let told = words.chunk_by(|a, b| a == b).map(|alike| match alike.len() {
            1 => alike[0].clone(),
            n => format!("{} ({n})", alike[0]),
        });
        let warnings = format!("see above: {}", told.collect::<Vec<_>>().join(", "));
        let parts = if about.starts_with("next: ") { [&warnings, about] } else { [about, &warnings] };
        self.say(Tone::Warning, "Finished", parts.join("   "));
    }

    /// A line that is said even when quiet is asked for.
    pub fn insist(&self, tone: Tone, verb: &str, text: impl fmt::Display) {
        if tone == Tone::Warning {
            WARNINGS.lock().unwrap_or_else(PoisonError::into_inner).push(verb.to_owned());
        }
        let verb = format!("{verb:<width$}", width = VERBS - 1);
        let text = text.to_string();
        let text = rehearsed::told(&text);
        let text = one_line(&text);
        let text = if self.is_terminal { folded(&text, VERBS, columns(), VERBS) } else { text.into_owned() };
        to_stderr(&format!("{} ", self.paint(tone, &verb)), &text);
    }

    /// A line as it is, even when quiet is asked for.
    pub fn insist_line(&self, line: &str) {
        to_stderr("", &self.fit(line));
    }

    /// Lines as they are, folded where a terminal is narrower.
    pub fn lines(&self, text: &str) {
        if self.volume > Volume::Quiet {
            text.lines().for_each(|line| to_stderr("", &self.fit(line)));
        }
    }

    /// Lines whose marks have colours.
    pub fn inked(&self, text: &str, ink: Ink) {
        if self.volume > Volume::Quiet {
            let told = rehearsed::told(text);
            told.lines().for_each(|line| print(&self.inked_line(&printable(line), self.color, ink)));
        }
    }

    /// The same, folded where the terminal is narrower.
    pub fn inked_page(&self, text: &str, ink: Ink) {
        if self.volume > Volume::Quiet {
            let page = self.folded_page(&rehearsed::told(text), columns_of(io::stderr()), self.color, ink);
            print(page.strip_suffix('\n').unwrap_or(&page));
        }
    }

    /// A line as it fits a terminal. In a rehearsal its commands are longer.
    fn fit<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if self.is_terminal { fitted(&rehearsed::told(line), columns()).into() } else { line.into() }
    }

    fn inked_line(&self, line: &str, has_color: bool, ink: Ink) -> String {
        match ink(line).filter(|_| has_color) {
            Some((Range { start, end }, tone)) => {
                format!("{}\u{1b}[{}m{}\u{1b}[0m{}", &line[..start], tone.code(), &line[start..end], &line[end..])
            }
            None => line.to_owned(),
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
                Kind::Cancelled => self.headed(Tone::Plain, "Cancelled.", &sentence(what)),
                _ => self.headed(Tone::Bad, "error:", what),
            }
            for line in rest.lines() {
                match line.strip_prefix("hint: ") {
                    Some(hint) => self.headed(Tone::Good, "hint:", hint),
                    None => to_stderr("", &self.fit(line)),
                }
            }
        }
    }

    /// A text behind a word.
    fn headed(&self, tone: Tone, word: &str, text: &str) {
        let column = word.len() + 1;
        let text = rehearsed::told(text);
        let text = if self.is_terminal { folded(&text, column, columns(), 2).into() } else { text };
        to_stderr(&format!("{} ", self.paint(tone, word)), &text);
    }

    /// A result for people, on stdout: folded where the terminal is narrower, with marks in colour.
    pub fn page(&self, text: &str, ink: Ink) -> io::Result<()> {
        self.bytes(self.folded_page(text, self.result_columns(), self.colors_results, ink).as_bytes())
    }

    /// What is wrong with a command line, on stderr, with the marks of a help text.
    pub fn mistake(&self, text: &str) {
        print(self.folded_page(text, columns_of(io::stderr()), self.color, help_ink).trim_end_matches('\n'));
    }

    fn folded_page(&self, text: &str, columns: Option<usize>, has_color: bool, ink: Ink) -> String {
        let fit = |line| columns.map_or_else(|| String::from(line), |columns| fitted(line, columns));
        let lines: Vec<_> = text.lines().map(fit).collect();
        let lines = lines.iter().flat_map(|lines| lines.split('\n'));
        lines.map(|line| self.inked_line(&printable(line), has_color, ink) + "\n").collect()
    }

    /// A diff, every byte of which counts, unless a terminal shows it.
    pub fn diff(&self, text: &str) -> io::Result<()> {
        if !io::stdout().is_terminal() && !self.colors_results {
            return self.bytes(text.as_bytes());
        }
        let lines = text.lines().map(|line| self.inked_line(&printable(line), self.colors_results, diff_ink) + "\n");
        self.bytes(lines.collect::<String>().as_bytes())
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
        let bold = if tone == Tone::Plain { "" } else { "1;" };
        if self.color { format!("\u{1b}[{bold}{}m{word}\u{1b}[0m", tone.code()) } else { word.to_owned() }
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
    fn marks_have_colours_wherever_they_stand_in_a_line() {
        for (line, marked) in [
            ("!  dev decides", Some("!")),
            ("dev      v0.51.8 !      -", Some("!")),
            ("dev  v1.3.0  v1.2.0 !", Some("!")),
            ("fail  identity", Some("fail")),
            ("  replace it!", None),
            ("", None),
        ] {
            assert_eq!(mark_ink(line).map(|(range, _)| &line[range]), marked, "{line}");
        }
        for (line, marked) in [
            ("Options of every command:", Some("Options of every command:")),
            ("Usage: cargo xtask units", Some("Usage:")),
            ("  build-images  Build both", Some("build-images")),
            ("  -q, --quiet", Some("-q, --quiet")),
            ("      --repo <PATH>  The repository", Some("--repo <PATH>")),
            ("          The repository, or a folder in it", None),
            ("Updates the runner", None),
        ] {
            assert_eq!(help_ink(line).map(|(range, _)| &line[range]), marked, "{line}");
        }
        assert_eq!(diff_ink("-old").map(|(_, tone)| tone), Some(Tone::Bad));
        assert_eq!(diff_ink(" same"), None);
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
