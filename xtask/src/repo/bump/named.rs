//! Pins that somebody names, `FILE:KEY`, since what they decide can't be found: where each is, and what it has to say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::draft::{Draft, edit, is_inside};
use super::plan::Target;
use super::{Change, Request};
use crate::model::{AccountId, Failure, Failures, ImageName, Tag, UnitPath};
use crate::repo::hcl::literals::literals;
use crate::repo::{Form, Pin, Repository, data, outside};

/// A pin as somebody names it: a file, and the key in front of the string or the end of the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinName {
    /// The file, relative to the root.
    pub file: String,
    /// The key: `kaniko_tag`, `images.kaniko.tag`.
    pub key: String,
}

impl FromStr for PinName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.rsplit_once(':') {
            Some((file, key)) if !file.is_empty() && !key.is_empty() => {
                Ok(Self { file: file.trim_start_matches("./").to_owned(), key: key.to_owned() })
            }
            _ => Err("expected a file and a key with `:` between them, such as `common.hcl:kaniko_tag`".to_owned()),
        }
    }
}

impl fmt::Display for PinName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.key)
    }
}

/// A named pin, and what it is to say.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) pin: Pin,
    pub(super) to: String,
    /// The units whose tag it shows in.
    pub(super) decides: Vec<(ImageName, UnitPath)>,
}

/// What is found out about a named pin.
#[derive(Clone, Debug, Default)]
struct Need {
    /// What it has to say for each wanted tag; `None` where nothing that it says gives that tag.
    values: BTreeMap<String, Option<String>>,
    /// What surrounds it in a tag: `v…-x`.
    around: String,
    decides: Vec<(ImageName, UnitPath)>,
}

/// Finds every named pin, and what each has to say for the tags to be as wanted.
pub(super) fn find(repo: &Repository, request: &Request<'_>, targets: &[Target<'_>]) -> Result<Vec<Named>, Failures> {
    let (mut pins, mut failures) = (Vec::new(), Vec::new());
    for name in &request.named {
        match one(repo, name) {
            Ok(pin) => pins.push((name, pin)),
            Err(failure) => failures.push(failure),
        }
    }
    Failures::check(std::mem::take(&mut failures))?;
    if pins.is_empty() {
        return Ok(Vec::new());
    }
    let needed = needed(repo, request, targets, &pins)?;
    // Where something isn't known, a pin may decide that.
    let is_known = |target: &Target<'_>| {
        let uses = target.unit.image(target.image);
        uses.is_some_and(|uses| request.covered(Some(uses)).iter().all(|decider| decider.tag.reason().is_none()))
    };
    let all_known = targets.iter().all(is_known);
    let mut found = Vec::new();
    for ((name, pin), need) in pins.into_iter().zip(needed) {
        if all_known && need.values.is_empty() {
            let what = format!("`--pin {name}` decides no tag of the selected units, and all of these are known");
            failures.push(Failure::refused(what).at(pin.place()).hint("`cargo xtask why UNIT` shows what decides"));
            continue;
        }
        match value(request, name, &pin, &need) {
            Ok(to) => found.push(Named { pin, to, decides: need.decides }),
            Err(failure) => failures.push(failure),
        }
    }
    Failures::check(failures)?;
    Ok(found)
}

/// The only string of a file that has this key.
fn one(repo: &Repository, name: &PinName) -> Result<Pin, Failure> {
    let refuse = |what: String| Failure::refused(what).in_file(name.file.clone());
    if !repo.root.join(&name.file).is_file() {
        return Err(refuse(format!("there is no file `{}` for `--pin`", name.file)).hint("name it from the root"));
    }
    if !is_inside(repo, &name.file) {
        return Err(refuse(format!("`{}` lies outside the repository", name.file)));
    }
    let all = strings(repo, name)?;
    let wanted: Vec<_> = name.key.split('.').collect();
    let is_named = |way: &[String]| way.len() >= wanted.len() && way[way.len() - wanted.len()..] == wanted[..];
    let mut hits: Vec<_> = all.into_iter().filter(|(way, _)| is_named(way)).collect();
    match hits.len() {
        1 if AccountId::parse(&hits[0].1.value).is_ok() => {
            Err(Failure::refused(format!("`{}` is the id of an account, no tag", name.key)).at(hits[0].1.place()))
        }
        1 => Ok(hits.swap_remove(0).1),
        0 => Err(refuse(format!("there is no plain string `{}` in `{}`", name.key, name.file))),
        _ => {
            let failure = Failure::refused(format!("`{}` is there more than once in `{}`", name.key, name.file));
            let failure = hits.iter().fold(failure, |failure, (_, pin)| failure.at(pin.place()));
            let ways = hits.iter().map(|(way, _)| way.join("."));
            let failure = ways.fold(failure, Failure::detail);
            Err(failure.hint("name more of the way to it, such as `--pin FILE:locals.KEY`"))
        }
    }
}

/// Every string of a file, with the way to it.
fn strings(repo: &Repository, name: &PinName) -> Result<Vec<(Vec<String>, Pin)>, Failure> {
    let file = name.file.clone();
    let bytes = repo.bytes_of(&file)?;
    let new = |line, key: &str, span, value: &str, form| Pin {
        file: file.clone(),
        line,
        key: key.to_owned(),
        span,
        value: value.to_owned(),
        form,
    };
    if [".hcl", ".tf", ".tofu", ".tfvars"].iter().any(|ending| file.ends_with(ending)) {
        let source = repo.files.hcl(&repo.root.join(&file)).map_err(|fault| Failure::from(&fault))?;
        let all = literals(&source.body).into_iter().map(|literal| {
            let key = literal.way.last().copied().unwrap_or_default();
            let pin = new(source.line(literal.span.start), key, literal.span.clone(), literal.text, Form::Hcl);
            (literal.way.iter().map(|part| (*part).to_owned()).collect(), pin)
        });
        return Ok(all.collect());
    }
    let as_data = std::str::from_utf8(&bytes).ok().and_then(data::strings).unwrap_or_default();
    let all = as_data.into_iter().map(|text| {
        let pin = new(text.line, &text.way, text.span, &text.value, text.format.into());
        (text.way.split('.').map(str::to_owned).collect(), pin)
    });
    let mut all: Vec<_> = all.filter(|(way, _): &(Vec<String>, Pin)| way[..] != [""]).collect();
    let plain = Pin::plain(&repo.files, &file).filter(|pin| all.is_empty() && pin.key == name.key);
    all.extend(plain.map(|pin| (vec![name.key.clone()], pin)));
    if all.is_empty() {
        let words = outside::words(&bytes, &name.key).into_iter();
        let plain = words.filter_map(|word| Some((word.line, word.span, word.value?)));
        let key = || name.key.split('.').map(str::to_owned).collect();
        all.extend(plain.map(|(line, span, value)| (key(), new(line, &name.key, span, &value, Form::Word))));
    }
    Ok(all)
}

/// What each pin has to say by the units whose tag it shows in: the tag, or what is left of it beside what surrounds the
/// pin. Found out by letting the pins say something that nothing else says.
fn needed(
    repo: &Repository,
    request: &Request<'_>,
    targets: &[Target<'_>],
    pins: &[(&PinName, Pin)],
) -> Result<Vec<Need>, Failures> {
    let mark = |at: usize| format!("xtask-pin-{at}-named");
    let mut by_file: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
    for (at, (_, pin)) in pins.iter().enumerate() {
        let change =
            Change { pin: pin.clone(), from: pin.value.clone(), to: mark(at), images: Vec::new(), units: Vec::new() };
        by_file.entry(&pin.file).or_default().push(change);
    }
    let edits = by_file.into_values().map(|changes| edit(repo, changes)).collect::<Result<_, _>>()?;
    let draft = Draft { edits, already: Vec::new() };
    let marked = repo.units_with(&repo.files.overlaid(draft.overlay(repo)));
    let mut needed = vec![Need::default(); pins.len()];
    for target in targets {
        let wanted = request.wanted[&target.image].as_str();
        let deciders = request.covered(marked[target.at].image(target.image)).into_iter();
        for tag in deciders.filter_map(|decider| decider.tag.value()) {
            for (at, need) in needed.iter_mut().enumerate() {
                let Some((before, after)) = tag.as_str().split_once(&mark(at)) else { continue };
                let rest = wanted.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                need.around = format!("{before}…{after}");
                need.values.insert(wanted.to_owned(), rest.map(str::to_owned));
                let decided = (target.image, target.unit.path.clone());
                if need.decides.last() != Some(&decided) {
                    need.decides.push(decided);
                }
            }
        }
    }
    Ok(needed)
}

/// The one value that a pin is to have.
fn value(request: &Request<'_>, name: &PinName, pin: &Pin, need: &Need) -> Result<String, Failure> {
    let refuse = |what: String| Failure::refused(what).at(pin.place());
    if let Some((wanted, _)) = need.values.iter().find(|(_, value)| value.is_none()) {
        let around = &need.around;
        return Err(refuse(format!("`--pin {name}` cannot give the tag {wanted}: it is put together as `{around}`")));
    }
    let values: BTreeSet<&str> = need.values.values().flatten().map(String::as_str).collect();
    let tags: BTreeSet<&str> = request.wanted.values().map(Tag::as_str).collect();
    let choice: Vec<&str> = if values.is_empty() { tags } else { values }.into_iter().collect();
    match choice[..] {
        [only] => Ok(only.to_owned()),
        _ => {
            let failure = refuse(format!("what `--pin {name}` is to say is not clear")).detail(choice.join(" or "));
            Err(failure.hint("move one image at a time, with `--image`"))
        }
    }
}
