//! The one call of `infrastructure-deployer` in a build script.

use super::lex::{Command, Word};
use super::values::{HOLE, Said, Values};
use crate::model::{Region, Tag, is_secret_name};

/// The build argument that names the release of terraform-aws-ci whose modules go into the image.
const MODULE_TAG: &str = "module_ci_tag";

/// What a script passes to `infrastructure-deployer`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// The line of the call.
    pub line: usize,
    /// The git repository of the Dockerfile.
    pub dockerfile_repo: Option<Said>,
    /// The folder in it.
    pub context_path: Option<Said>,
    /// The Dockerfile, where it is not the folder's `Dockerfile`.
    pub dockerfile_path: Option<Said>,
    /// The region of the runner that builds.
    pub region: Option<Said>,
    /// The region of the ECR repository, where it can be known.
    pub ecr_region: Option<Region>,
    /// The name of the ECR repository, where it can be known.
    pub ecr_repository: Option<String>,
    /// Arguments of the build, by name.
    pub build_args: Vec<(String, Said)>,
    /// `id=VARIABLE` each.
    pub env_secrets: Vec<Said>,
    /// The line where the token is passed as an argument of the build, which newer releases don't take any more.
    pub token_as_argument: Option<usize>,
    /// Options of `infrastructure-deployer` itself, without dashes.
    pub options: Vec<(String, Said)>,
}

type Wrong = (Option<usize>, String);

/// Programs that only speak of it.
const SPEAKING: [&str; 8] = ["echo", "printf", "command", "which", "type", "hash", "log_info", "log_error"];
/// Options of `infrastructure-deployer` that are taken over.
const OPTIONS: [&str; 5] = ["max-wait-time", "task-cpu", "task-memory", "task-launch-type", "invoker-function-id"];

/// Reads the call among the commands of a script, as it is when it builds `tag`.
pub(super) fn read(commands: &[Command], tag: &Tag) -> Result<Recipe, Wrong> {
    let calls: Vec<_> = commands.iter().filter_map(|command| Some((command, called_at(command)?))).collect();
    let (command, at) = match calls[..] {
        [call] => call,
        [] => return Err((None, "it does not call infrastructure-deployer".to_owned())),
        [_, (second, _), ..] => {
            return Err((Some(second[0].line), "it calls infrastructure-deployer more than once".to_owned()));
        }
    };
    let words = &command[at + 1..];
    let reference = variable_of_ref(words).map(|name| (name, tag.as_str()));
    let values = Values::of(commands, reference);
    let mut reader =
        Reader { values: &values, tag, said_ref: None, recipe: Recipe { line: command[at].line, ..Recipe::default() } };
    reader.read(words)?;
    Ok(reader.recipe)
}

/// Where in a command the program is, with `--` somewhere behind it.
fn called_at(command: &Command) -> Option<usize> {
    if command[0].text().is_some_and(|first| SPEAKING.contains(&first)) {
        return None;
    }
    let is_it =
        |word: &Word| word.text().is_some_and(|text| text.rsplit('/').next() == Some("infrastructure-deployer"));
    let at = command.iter().position(is_it)?;
    command[at..].iter().any(|word| word.text() == Some("--")).then_some(at)
}

/// The variable that the ref is, if it is one and nothing else.
fn variable_of_ref(words: &[Word]) -> Option<&str> {
    let at = words.iter().position(|word| word.text() == Some("--ref"))?;
    match &words.get(at + 1)?.pieces[..] {
        [super::lex::Piece::Variable(name)] => Some(name),
        _ => None,
    }
}

struct Reader<'v> {
    values: &'v Values<'v>,
    tag: &'v Tag,
    /// The ref, where it is written into the call.
    said_ref: Option<String>,
    recipe: Recipe,
}

impl Reader<'_> {
    fn read(&mut self, words: &[Word]) -> Result<(), Wrong> {
        let dashes = words.iter().position(|word| word.text() == Some("--")).unwrap_or(words.len());
        self.options(&words[..dashes])?;
        let rest = &words[dashes + 1..];
        let [container, script, options @ ..] = rest else {
            return Err((Some(self.recipe.line), "its call names no container and no script".to_owned()));
        };
        for (word, wanted) in [(container, "docker-image-builder"), (script, "build-docker-image")] {
            let said = self.resolve(word)?;
            if said.value != wanted {
                return Err((Some(word.line), format!("it calls `{}` in the place of `{wanted}`", said.value)));
            }
        }
        self.build_options(options)
    }

    fn resolve(&self, word: &Word) -> Result<Said, Wrong> {
        self.values.resolve(word).map_err(|(line, why)| (Some(line), why))
    }

    fn options(&mut self, words: &[Word]) -> Result<(), Wrong> {
        for (name, value) in self.pairs(words, &[])? {
            let Some(value) = value else { continue };
            match name.value.as_str() {
                "aws-region" => self.recipe.region = Some(self.resolve(&value)?),
                "log-level" => {}
                known if OPTIONS.contains(&known) => {
                    let said = self.resolve(&value)?;
                    self.recipe.options.push((known.to_owned(), said));
                }
                other => return Err((Some(name.line), format!("it passes `--{other}`, which is not carried over"))),
            }
        }
        Ok(())
    }

    fn build_options(&mut self, words: &[Word]) -> Result<(), Wrong> {
        for (name, value) in self.pairs(words, &["idempotent"])? {
            // The runner adds it by itself.
            let Some(value) = value else { continue };
            match name.value.as_str() {
                "repo" => self.recipe.dockerfile_repo = Some(self.resolve(&value)?),
                "context-path" => self.recipe.context_path = Some(self.resolve(&value)?),
                "dockerfile-path" => self.recipe.dockerfile_path = Some(self.resolve(&value)?),
                "ref" => self.said_ref = Some(self.values.resolve(&value).map(|said| said.value).unwrap_or_default()),
                "docker-image-tag" => self.address(&value),
                "env-secret" => {
                    let said = self.resolve(&value)?;
                    self.recipe.env_secrets.push(said);
                }
                "build-arg" => self.build_arg(&value)?,
                other => return Err((Some(name.line), format!("it passes `--{other}`, which is not carried over"))),
            }
        }
        self.follow_ref()
    }

    /// The account of an address is mostly asked of AWS when the script runs; the rest is written down.
    fn address(&mut self, word: &Word) {
        let text = self.values.resolve_with_holes(word);
        let Some((host, path)) = text.split_once('/') else { return };
        let region = host.split_once(".ecr.").and_then(|(_, rest)| rest.split('.').next()?.parse().ok());
        self.recipe.ecr_region = region;
        let name = path.rsplit_once(':').map_or(path, |(name, _)| name);
        self.recipe.ecr_repository = (!name.is_empty() && !name.contains(HOLE)).then(|| name.to_owned());
    }

    fn build_arg(&mut self, word: &Word) -> Result<(), Wrong> {
        let text = self.values.resolve_with_holes(word);
        let (name, _) = text.split_once('=').unwrap_or((&text, ""));
        if is_secret_name(name) && name.eq_ignore_ascii_case("github_oauth_token") {
            self.recipe.token_as_argument = Some(word.line);
            return Ok(());
        }
        if is_secret_name(name) {
            let why = format!("it passes `{name}` as an argument of the build, where everybody could read it");
            return Err((Some(word.line), why));
        }
        let said = self.resolve(word)?;
        let Some((name, value)) = said.value.split_once('=') else {
            return Err((Some(said.line), format!("the build argument `{}` has no value", said.value)));
        };
        let (name, value) = (name.to_owned(), Said { value: value.to_owned(), line: said.line });
        self.recipe.build_args.push((name, value));
        Ok(())
    }

    /// The release in the image moves with the tag, unless it is written down as another one than the ref.
    fn follow_ref(&mut self) -> Result<(), Wrong> {
        for (name, said) in self.recipe.build_args.iter_mut().filter(|(name, _)| name == MODULE_TAG) {
            let is_tied = said.value == self.tag.as_str() || self.said_ref.as_ref() == Some(&said.value);
            if !is_tied {
                let why = format!("`{name}` is `{}`, which does not follow the ref", said.value);
                return Err((Some(said.line), why));
            }
            said.value = self.tag.to_string();
        }
        Ok(())
    }

    /// Options with their values; those of `alone` have none.
    fn pairs(&self, words: &[Word], alone: &[&str]) -> Result<Vec<(Said, Option<Word>)>, Wrong> {
        let mut pairs = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let whole = self.values.resolve_with_holes(word);
            let Some(option) = whole.strip_prefix("--") else {
                return Err((Some(word.line), "its call has an argument that is no option".to_owned()));
            };
            let (name, inline) =
                option.split_once('=').map_or((option, None), |(name, _)| (name, Some(after_equals(word))));
            let value = match inline {
                Some(value) => Some(value),
                None if alone.contains(&name) => None,
                None => {
                    let missing = || (Some(word.line), format!("`--{name}` has no value"));
                    Some(words.next().cloned().ok_or_else(missing)?)
                }
            };
            pairs.push((Said { value: name.to_owned(), line: word.line }, value));
        }
        Ok(pairs)
    }
}

/// The word behind the first `=` of `--name=value`.
fn after_equals(word: &Word) -> Word {
    use super::lex::Piece;
    let mut pieces = word.pieces.clone();
    if let Some(Piece::Text(text)) = pieces.first_mut()
        && let Some((_, value)) = text.split_once('=')
    {
        *text = value.to_owned();
    }
    Word { line: word.line, pieces }
}
