//! Which of several profiles are meant, asked at the terminal: one question where a pattern fits every account.

use super::{Profiles, words};
use crate::model::{Account, Failure, one_line};
use crate::repo::Settings;
use crate::tools::tty::Terminal;

/// How many answers are offered.
const MOST: usize = 20;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One template for all accounts.
    Pattern(String),
    /// A profile for each account that was asked for, by its name.
    Each(Vec<(String, String)>),
}

/// Asks which profiles of `accounts` are meant, of which each has several; `all` are those that a pattern has to fit. `None`
/// where there is nobody to ask.
pub fn which(
    profiles: &Profiles,
    accounts: &[&Account],
    all: &[&Account],
    settings: &Settings,
) -> Result<Option<Answer>, Failure> {
    let Some(mut terminal) = Terminal::open() else { return Ok(None) };
    let patterns = if all.len() > 1 { profiles.patterns(all, settings) } else { Vec::new() };
    if !patterns.is_empty() {
        let offered: Vec<_> = patterns.iter().map(words::remarked).collect();
        let question = format!("Which profiles are meant, in all of {} accounts?", all.len());
        let n = choose(&mut terminal, &question, &offered, !patterns[0].is_limited)?;
        return Ok(Some(Answer::Pattern(patterns[n].template.clone())));
    }
    let mut each = Vec::new();
    for (account, candidates) in profiles.candidates_of(accounts, all, settings) {
        let offered: Vec<_> = candidates.iter().map(words::with_role).collect();
        let question = format!("Which profile is meant for account {} ({})?", account.name, account.id);
        let n = choose(&mut terminal, &question, &offered, candidates.first().is_some_and(|it| !it.is_limited()))?;
        each.push((account.name.clone(), candidates[n].name.clone()));
    }
    Ok(Some(Answer::Each(each)))
}

/// Asks for one of these, by its number, until there is one; an empty answer is the first where that is proposed.
pub fn choose(
    terminal: &mut Terminal,
    question: &str,
    offered: &[String],
    has_proposal: bool,
) -> Result<usize, Failure> {
    let shown = &offered[..offered.len().min(MOST)];
    let list: String =
        shown.iter().enumerate().map(|(n, text)| format!("  {:>2}  {}\n", n + 1, one_line(text))).collect();
    let more = offered.len() - shown.len();
    let more =
        if more == 0 { String::new() } else { format!("      and {more} more, which only the settings can name\n") };
    let prompt = if has_proposal { "Number [1]: " } else { "Number: " };
    let declined = || Failure::refused("nothing was written: no number was chosen");
    let read = |line: &str| match line.parse::<usize>() {
        Ok(n) if (1..=shown.len()).contains(&n) => Ok(n - 1),
        Err(_) if line.is_empty() && has_proposal => Ok(0),
        _ => Err(format!("Type a number from 1 to {}.\n", shown.len())),
    };
    let answer = terminal
        .ask_until(&format!("{question}\n{list}{more}{prompt}"), read, &|| false)
        .map_err(|error| declined().because(error))?;
    answer.ok_or_else(declined)
}
