//! The text of a shell script as commands of words, without running anything: quotes, continuations, comments and here
//! documents are those of a shell, and whatever only a shell could work out is unknown for a reason.

use std::iter::Peekable;
use std::str::Chars;

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it stands there.
    Text(String),
    /// `$NAME` or `${NAME}`.
    Variable(String),
    /// Something that only a shell can work out.
    Unknown(&'static str),
}

/// A word, and the line that it begins in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) line: usize,
    pub(super) pieces: Vec<Piece>,
}

impl Word {
    /// The text of a word that is nothing but text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.pieces[..] {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn push(&mut self, letter: char) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(letter),
            _ => self.pieces.push(Piece::Text(letter.to_string())),
        }
    }
}

/// Words up to the next end of a command; never empty.
pub(super) type Command = Vec<Word>;

/// Takes a script apart; an error is the line of a quote that never ends.
pub(super) fn commands(text: &str) -> Result<Vec<Command>, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut lexer =
        Lexer { rest: text.chars().peekable(), line: 1, done: Vec::new(), words: Vec::new(), here: Vec::new() };
    lexer.run()?;
    Ok(lexer.done)
}

struct Lexer<'t> {
    rest: Peekable<Chars<'t>>,
    line: usize,
    done: Vec<Command>,
    words: Command,
    /// The words that end the here documents which begin with the next line.
    here: Vec<String>,
}

impl Lexer<'_> {
    fn run(&mut self) -> Result<(), usize> {
        while let Some(&letter) = self.rest.peek() {
            match letter {
                '\n' => {
                    self.next();
                    self.end_command();
                    self.skip_here_documents();
                }
                ' ' | '\t' => drop(self.next()),
                ';' | '&' | '|' | '(' | ')' => {
                    self.next();
                    self.end_command();
                }
                '#' => while self.rest.next_if(|letter| *letter != '\n').is_some() {},
                '<' | '>' => self.redirection()?,
                _ => {
                    let word = self.word()?;
                    let is_continuation = word.pieces.is_empty() && !word_was_quoted(letter);
                    let is_descriptor = matches!(self.rest.peek(), Some('<' | '>'))
                        && word.text().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                    if !is_continuation && !is_descriptor {
                        self.words.push(word);
                    }
                }
            }
        }
        self.end_command();
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.rest.next()?;
        self.line += usize::from(letter == '\n');
        Some(letter)
    }

    fn end_command(&mut self) {
        if !self.words.is_empty() {
            self.done.push(std::mem::take(&mut self.words));
        }
    }

    /// Where output goes changes no argument.
    fn redirection(&mut self) -> Result<(), usize> {
        let mut operator = String::new();
        while let Some(letter) = self.rest.next_if(|letter| matches!(letter, '<' | '>' | '&' | '-')) {
            operator.push(letter);
        }
        while self.rest.next_if(|letter| matches!(letter, ' ' | '\t')).is_some() {}
        if self.rest.peek().is_none_or(|letter| matches!(letter, '\n' | ';' | '(' | ')')) {
            return Ok(());
        }
        let target = self.word()?;
        if operator == "<<" || operator == "<<-" {
            let text = |piece: &Piece| match piece {
                Piece::Text(text) | Piece::Variable(text) => text.clone(),
                Piece::Unknown(_) => String::new(),
            };
            self.here.push(target.pieces.iter().map(text).collect());
        }
        Ok(())
    }

    fn skip_here_documents(&mut self) {
        for end in std::mem::take(&mut self.here) {
            loop {
                let mut line = String::new();
                while let Some(letter) = self.rest.next_if(|letter| *letter != '\n') {
                    line.push(letter);
                }
                if self.next().is_none() || line.trim_start_matches('\t') == end {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> Result<Word, usize> {
        let mut word = Word { line: self.line, pieces: Vec::new() };
        while let Some(&letter) = self.rest.peek() {
            match letter {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | ')' | '<' | '>' => break,
                '(' => {
                    // `X=(…)` is a list, `f()` a function; what stands in it is no part of a word either way.
                    if !word.text().is_some_and(|text| text.ends_with('=')) {
                        break;
                    }
                    self.next();
                    self.skip_to(')', '(')?;
                    word.pieces.push(Piece::Unknown("a list"));
                }
                '\'' => {
                    let from = self.line;
                    self.next();
                    word.pieces.push(Piece::Text(String::new()));
                    loop {
                        match self.next().ok_or(from)? {
                            '\'' => break,
                            letter => word.push(letter),
                        }
                    }
                }
                '"' => self.quoted(&mut word)?,
                '\\' => {
                    self.next();
                    match self.next() {
                        Some('\n') | None => {}
                        Some(letter) => word.push(letter),
                    }
                }
                '$' | '`' => self.expansion(&mut word)?,
                '*' | '?' => {
                    self.next();
                    word.pieces.push(Piece::Unknown("a pattern of file names"));
                }
                letter => {
                    self.next();
                    word.push(letter);
                }
            }
        }
        word.pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Ok(joined(word))
    }

    fn quoted(&mut self, word: &mut Word) -> Result<(), usize> {
        let from = self.line;
        self.next();
        loop {
            match self.rest.peek().copied().ok_or(from)? {
                '"' => {
                    self.next();
                    return Ok(());
                }
                '\\' => {
                    self.next();
                    match self.next().ok_or(from)? {
                        '\n' => {}
                        letter @ ('$' | '`' | '"' | '\\') => word.push(letter),
                        letter => {
                            word.push('\\');
                            word.push(letter);
                        }
                    }
                }
                '$' | '`' => self.expansion(word)?,
                letter => {
                    self.next();
                    word.push(letter);
                }
            }
        }
    }

    /// What begins with `$` or a backtick.
    fn expansion(&mut self, word: &mut Word) -> Result<(), usize> {
        let from = self.line;
        if self.next() == Some('`') {
            while self.next().ok_or(from)? != '`' {}
            word.pieces.push(Piece::Unknown("the output of a command"));
            return Ok(());
        }
        match self.rest.peek().copied() {
            Some('(') => {
                self.next();
                self.skip_to(')', '(')?;
                word.pieces.push(Piece::Unknown("the output of a command"));
            }
            Some('{') => {
                self.next();
                let name = self.name();
                if !name.is_empty() && self.rest.next_if_eq(&'}').is_some() {
                    word.pieces.push(Piece::Variable(name));
                } else {
                    self.skip_to('}', '{')?;
                    word.pieces.push(Piece::Unknown("a `${…}` with more than a name in it"));
                }
            }
            Some(letter) if letter.is_ascii_alphabetic() || letter == '_' => {
                let name = self.name();
                word.pieces.push(Piece::Variable(name));
            }
            Some('\'' | '"') => word.pieces.push(Piece::Unknown("a `$` before a quote")),
            Some(letter) if letter.is_ascii_digit() || "@*#?$!-".contains(letter) => {
                self.next();
                word.pieces.push(Piece::Unknown("an argument of the script"));
            }
            _ => word.push('$'),
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(letter) = self.rest.next_if(|letter| letter.is_ascii_alphanumeric() || *letter == '_') {
            name.push(letter);
        }
        name
    }

    /// Skips to the closing one of a pair, whose opening one has been read; quotes hide both.
    fn skip_to(&mut self, close: char, open: char) -> Result<(), usize> {
        let from = self.line;
        let mut depth = 1;
        let mut quote = None;
        while depth > 0 {
            let letter = self.next().ok_or(from)?;
            match quote {
                _ if letter == '\\' && quote != Some('\'') => drop(self.next()),
                Some(open) if letter == open => quote = None,
                Some(_) => {}
                None if letter == '\'' || letter == '"' => quote = Some(letter),
                None if letter == open => depth += 1,
                None if letter == close => depth -= 1,
                None => {}
            }
        }
        Ok(())
    }
}

fn word_was_quoted(first: char) -> bool {
    matches!(first, '\'' | '"')
}

/// The same word with neighbouring texts in one piece.
fn joined(word: Word) -> Word {
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in word.pieces {
        match (pieces.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => pieces.push(piece),
        }
    }
    Word { pieces, ..word }
}
