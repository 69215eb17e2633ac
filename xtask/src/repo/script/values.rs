//! What the variables of a script are, as far as plain assignments say it.

use std::collections::BTreeMap;

use super::lex::{Command, Piece, Word};

/// A text, and the line that it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it says.
    pub value: String,
    /// The line, from 1.
    pub line: usize,
}

/// What stands in a text where it can't be known; no script has it.
pub(super) const HOLE: char = '\u{0}';

/// The variables of a script.
#[derive(Debug)]
pub(super) struct Values<'f> {
    values: BTreeMap<String, Value>,
    /// A variable that has another value than the script gives it.
    fixed: Option<(&'f str, &'f str)>,
}

#[derive(Clone, Debug)]
enum Value {
    Known(Said),
    /// `partly` has a [`HOLE`] in the place of what isn't known.
    Unknown {
        line: usize,
        why: String,
        partly: String,
    },
}

/// Words in front of assignments.
const DECLARING: [&str; 6] = ["readonly", "local", "export", "declare", "typeset", "then"];
/// Words that begin something that is not always done, or not once, and those that end it.
const OPENING: [&str; 6] = ["if", "for", "while", "until", "case", "select"];
const CLOSING: [&str; 3] = ["fi", "done", "esac"];

impl<'f> Values<'f> {
    /// Reads the assignments of these commands, from top to bottom; `fixed` has this value, whatever the script says.
    pub(super) fn of(commands: &[Command], fixed: Option<(&'f str, &'f str)>) -> Self {
        let mut values = Self { values: BTreeMap::new(), fixed };
        let mut depth = 0_usize;
        for command in commands {
            let first = command[0].text().unwrap_or_default();
            if OPENING.contains(&first) {
                depth += 1;
            } else if CLOSING.contains(&first) {
                depth = depth.saturating_sub(1);
            }
            for word in command {
                match assignment(word) {
                    Some((name, value)) => values.assign(name, &value, depth > 0),
                    None if word.text().is_some_and(|text| DECLARING.contains(&text) || text.starts_with('-')) => {}
                    // Whatever follows are arguments of a program.
                    None => break,
                }
            }
        }
        values
    }

    fn assign(&mut self, name: &str, value: &Word, is_conditional: bool) {
        let line = value.line;
        if self.fixed.is_some_and(|(fixed, _)| fixed == name) {
            return;
        }
        let unknown = |why: &str| Value::Unknown { line, why: why.to_owned(), partly: HOLE.to_string() };
        let value = match self.resolve(value) {
            _ if is_conditional => unknown("it is assigned under a condition"),
            Ok(said) => Value::Known(said),
            Err((line, why)) => Value::Unknown { line, why, partly: self.resolve_with_holes(value) },
        };
        let value = match self.values.get(name) {
            Some(Value::Known(before)) if matches!(&value, Value::Known(now) if now.value == before.value) => value,
            Some(_) => unknown("it is assigned twice"),
            None => value,
        };
        self.values.insert(name.to_owned(), value);
    }

    /// What a word is, or the line and the reason why that can't be known.
    pub(super) fn resolve(&self, word: &Word) -> Result<Said, (usize, String)> {
        let mut said = Said { value: String::new(), line: word.line };
        let mut n_variables = 0;
        for piece in &word.pieces {
            match piece {
                Piece::Text(text) => said.value.push_str(text),
                Piece::Unknown(what) => return Err((word.line, format!("{what} is known only when it runs"))),
                Piece::Variable(name) => {
                    if let Some((_, value)) = self.fixed.filter(|(fixed, _)| fixed == name) {
                        said.value.push_str(value);
                        continue;
                    }
                    match self.values.get(name) {
                        Some(Value::Known(known)) => {
                            said.value.push_str(&known.value);
                            n_variables += 1;
                            said.line = if n_variables == 1 { known.line } else { word.line };
                        }
                        Some(Value::Unknown { line, why, .. }) => return Err((*line, format!("`{name}`: {why}"))),
                        None => return Err((word.line, format!("`{name}` is assigned nowhere in it"))),
                    }
                }
            }
        }
        Ok(said)
    }

    /// The same with a [`HOLE`] in the place of everything that can't be known.
    pub(super) fn resolve_with_holes(&self, word: &Word) -> String {
        let part = |piece: &Piece| {
            let alone = Word { line: word.line, pieces: vec![piece.clone()] };
            match (self.resolve(&alone), piece) {
                (Ok(said), _) => said.value,
                (Err(_), Piece::Variable(name)) => match self.values.get(name) {
                    Some(Value::Unknown { partly, .. }) => partly.clone(),
                    _ => HOLE.to_string(),
                },
                (Err(_), _) => HOLE.to_string(),
            }
        };
        word.pieces.iter().map(part).collect()
    }
}

/// A word `NAME=value`, taken apart.
fn assignment(word: &Word) -> Option<(&str, Word)> {
    let (Piece::Text(first), rest) = word.pieces.split_first()? else { return None };
    let (name, text) = first.split_once('=')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|letter: char| letter.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let (name, added) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    let mut pieces = Vec::new();
    if added {
        pieces.push(Piece::Unknown("what is added to a variable"));
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    pieces.extend(rest.iter().cloned());
    is_name(name).then_some((name, Word { line: word.line, pieces }))
}
