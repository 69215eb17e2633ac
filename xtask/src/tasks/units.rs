//! `units`: what the repository says about each unit, as JSON for programs and as a table for people.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cli::{self, Format};
use crate::model::{Account, Exit, Failure, Failures, ImageName, Place, Tag};
use crate::repo::{ImageUse, Profile, Repository, Unit, UnitTag};
use crate::report::table;
use crate::tasks::context::Context;
use crate::tasks::doctor::asked;
use crate::tasks::profiles::Profiles;
use crate::tasks::schema::{self, Detail, PinForm, UnitForm};
use crate::tasks::select::Selection;
use crate::tools::credentials::Wrapper;

/// Prints the units; what is wrong with the repository comes after them, as an error.
pub fn run(context: &Context, args: &cli::Units) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    let selection = Selection::of(context, &repo, &args.selectors)?;
    repo.units.retain(|unit| selection.holds(unit));
    let profiles = Profiles::read(context);
    // Where no profile is used, none is missing either.
    let needs_profile = Wrapper::new(repo.settings.credentials()).is_ok_and(|wrapper| wrapper.needs_profile());
    if needs_profile {
        profiles.warn(context, &repo.settings);
    }
    let asked = if needs_profile { asked(&repo, &selection) } else { Vec::new() };
    let mut judged = profiles.judge(&asked, &repo.accounts, &[], &repo.settings);
    let of_units = std::mem::take(&mut judged.found);
    // Each is asked for several times, and many units are in one account.
    let known: RefCell<BTreeMap<_, Result<Option<Profile>, Failure>>> = RefCell::default();
    let find = |unit: &Unit, account: &Account| {
        let region = unit.region.value();
        let profile = || {
            let profile = profiles.of(account, region, &repo.settings)?;
            let is_right = of_units.iter().any(|((known, _), it)| known.is(account) && it.name == profile.name);
            let shared = judged.shared.get(&profile.name).filter(|_| !is_right);
            shared.map_or(Ok(profile), |failure| Err(failure.again()))
        };
        let mut known = known.borrow_mut();
        let key = (account.name.clone(), account.id.clone(), region.cloned());
        let found = known.entry(key).or_insert_with(|| needs_profile.then(profile).transpose());
        found.as_ref().map(Clone::clone).map_err(Failure::again)
    };
    // Nothing is started here, so what would stop a session is only good to know.
    let unknown: Vec<_> = judged.unchosen.iter().chain(judged.shared.values()).collect();
    let limited = profiles
        .limited(of_units.iter().map(|((it, region), profile)| ((*it, region.clone()), profile)), &repo.settings);
    let notices: Vec<_> = judged.unusable.iter().chain(&limited).collect();
    let text = match context.globals.format {
        Format::Text => {
            table(&repo, &find, &unknown, &notices, context.screen.result_columns()) + &sources(&repo, &find)
        }
        Format::Json | Format::Markdown => json(&repo, &find, &notices),
    };
    context.page(&text)?;
    let mut problems = profiles.misnamed(&repo.accounts, &repo.settings);
    problems.extend(judged.misled);
    drop(known);
    problems.extend(selection.take_problems(&mut repo));
    Failures::check(problems)?;
    Ok(Exit::DONE)
}

/// Finds the profile of a unit's account, if the credential tool takes profiles.
pub type FindProfile<'a> = &'a dyn Fn(&Unit, &Account) -> Result<Option<Profile>, Failure>;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    root: String,
    units: Vec<UnitForm<'a>>,
    pins: Vec<PinForm<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<NoticeReport>,
}

#[derive(Serialize)]
struct NoticeReport {
    text: String,
    places: Vec<String>,
}

/// The units as JSON, whose shape is a promise: `{"schema":1,"root":…,"units":[…],"pins":[…]}`, units sorted by path,
/// pins by image and place. A value that is not known is null, with its reason under `unresolved`. `of_profiles` are notices.
pub fn json(repo: &Repository, profile: FindProfile<'_>, of_profiles: &[&Failure]) -> String {
    let units = repo.units.iter().map(|unit| unit_form(unit, profile)).collect();
    let places = |places: &[Place]| places.iter().map(ToString::to_string).collect();
    let of_repo =
        repo.notices.iter().map(|notice| NoticeReport { text: notice.what.clone(), places: places(&notice.at) });
    let of_profiles = of_profiles.iter().map(|failure| {
        let lines = failure.details.iter().map(String::as_str);
        let text = std::iter::once(failure.what.as_str()).chain(lines).collect::<Vec<_>>().join("; ");
        NoticeReport { text, places: places(&failure.at) }
    });
    let notices = of_repo.chain(of_profiles);
    let (root, pins) = (repo.root.display().to_string(), schema::pins(repo, &ImageName::ALL));
    let report = Report { schema: schema::SCHEMA, root, units, pins, notices: notices.collect() };
    let mut text =
        serde_json::to_string_pretty(&report).expect("maps with string keys and strings can be written as JSON");
    text.push('\n');
    text
}

fn unit_form<'a>(unit: &'a Unit, profile: FindProfile<'_>) -> UnitForm<'a> {
    let mut form = schema::unit(unit, &ImageName::ALL, Detail::Line);
    let found = unit.account.value().map(|account| profile(unit, account));
    let found = found.and_then(|it| it.map_err(|none| form.unresolved.insert("profile".to_owned(), none.what)).ok()?);
    form.profile_from = found.as_ref().map(|profile| profile.found_in.clone());
    form.profile = Some(found.map(|profile| profile.name));
    form
}

/// The units as an aligned table; what is not known is a `?`, explained below. `without` tells of the accounts whose profile is
/// not known, all at once, and `of_profiles` is good to know of the others.
pub fn table(
    repo: &Repository,
    profile: FindProfile<'_>,
    without: &[&Failure],
    of_profiles: &[&Failure],
    columns: Option<usize>,
) -> String {
    let mut rows = vec![["unit", "account", "profile", "deploy-runner", "kaniko"].map(str::to_owned)];
    let mut notes: Vec<(String, String)> = Vec::new();
    for unit in &repo.units {
        let mut report = unit_form(unit, profile);
        let has_none = report.unresolved.remove("profile").is_none() && unit.account.value().is_some();
        let tag = |image| unit.image(image).map_or_else(|| "-".to_owned(), tag_text);
        rows.push([
            unit.path.to_string(),
            unit.account.value().map_or_else(|| "?".to_owned(), |account| account.id.to_string()),
            report.profile.take().flatten().unwrap_or_else(|| if has_none { "-" } else { "?" }.to_owned()),
            tag(ImageName::DeployRunner),
            tag(ImageName::Kaniko),
        ]);
        let path = unit.path.as_str();
        // What differs is listed by itself.
        let differs = |image: &ImageName| unit.image(*image).is_some_and(|uses| uses.tag == UnitTag::Differ);
        let names = ImageName::ALL.into_iter().filter(differs).map(|image| format!("images.{image}.tag"));
        names.for_each(|name| drop(report.unresolved.remove(&name)));
        notes
            .extend(report.unresolved.into_iter().map(|(name, reason)| (format!("{name}: {reason}"), path.to_owned())));
    }
    table::table(&rows, columns)
        + &explained(notes, without)
        + &differing(repo)
        + &excluded(repo)
        + &noticed(repo, of_profiles)
}

/// What is good to know about the repository, and about the profiles.
fn noticed(repo: &Repository, of_profiles: &[&Failure]) -> String {
    let of_repo = repo.notices.iter().map(|it| (it.what.clone(), it.at.iter().map(ToString::to_string).collect()));
    let all: Vec<_> = of_repo.chain(of_profiles.iter().map(|failure| told(failure))).collect();
    listing("to know", &all)
}

/// A failure about profiles as a line with further ones.
fn told(failure: &Failure) -> (String, Vec<String>) {
    let places = failure.at.iter().map(|place| format!("--> {place}"));
    let lines = places.chain(failure.details.iter().cloned()).chain(failure.hints.iter().cloned());
    (format!("profile: {}", failure.what), lines.collect())
}

/// Lines with further ones, under a heading; nothing where there are none.
fn listing(heading: &str, all: &[(String, Vec<String>)]) -> String {
    let mut text = if all.is_empty() { String::new() } else { format!("\n{heading}\n") };
    for (first, lines) in all {
        text.push_str(&format!("  {first}\n"));
        lines.iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    text
}

/// The tag of each configuration, in units where they get different ones.
fn differing(repo: &Repository) -> String {
    let mut text = String::new();
    for unit in &repo.units {
        let uses: Vec<_> = unit.images.values().flatten().collect();
        if uses.iter().all(|uses| uses.tag != UnitTag::Differ) {
            continue;
        }
        text.push_str(if text.is_empty() { "\ndifferent tags in one unit\n" } else { "" });
        text.push_str(&format!("  {}\n", unit.path));
        for decider in uses.iter().flat_map(|uses| &uses.deciders) {
            let tag = decider.tag.value().map_or("?", Tag::as_str);
            text.push_str(&format!("    {:27} {tag}\n", decider.configuration));
        }
    }
    text
}

/// The units that their own configuration leaves out.
fn excluded(repo: &Repository) -> String {
    let mut text = String::new();
    for (unit, exclusion) in repo.units.iter().filter_map(|unit| Some((unit, unit.excluded.as_ref()?))) {
        text.push_str(if text.is_empty() { "\nexcluded\n" } else { "" });
        text.push_str(&format!("  {}: {}\n    {}\n", unit.path, exclusion.what(), exclusion.place));
    }
    text
}

/// Where the credential tool and the profiles are set, below the table.
fn sources(repo: &Repository, profile: FindProfile<'_>) -> String {
    let words = repo.settings.credentials();
    let words = if words.is_empty() { "those of the environment".to_owned() } else { words.join(" ") };
    let place = repo.settings.credentials_place().map_or_else(|| "by default".to_owned(), |it| format!("by {it}"));
    let found = |unit: &Unit| Some(profile(unit, unit.account.value()?).ok()??.found_in);
    let places = listed(repo.units.iter().filter_map(found));
    let profiles = if places.is_empty() { String::new() } else { format!("profiles     by {places}\n") };
    format!("\ncredentials  {words}   {place}\n{profiles}")
}

/// Places, each once and by their numbers, where a file is named once: `~/.aws/config:3, :11`.
fn listed(places: impl Iterator<Item = String>) -> String {
    let mut lines: BTreeMap<String, BTreeSet<Option<usize>>> = BTreeMap::new();
    for place in places {
        let numbered = place.rsplit_once(':').and_then(|(file, line)| Some((file.to_owned(), line.parse().ok()?)));
        let (file, line) = numbered.map_or((place, None), |(file, line)| (file, Some(line)));
        lines.entry(file).or_default().insert(line);
    }
    let mut words = Vec::new();
    for (file, lines) in lines {
        let lines = lines.into_iter().map(|line| line.map_or_else(String::new, |line| format!(":{line}")));
        words.extend(lines.enumerate().map(|(k, line)| if k == 0 { format!("{file}{line}") } else { line }));
    }
    words.join(", ")
}

fn tag_text(uses: &ImageUse) -> String {
    match &uses.tag {
        UnitTag::One(tag) => tag.to_string(),
        UnitTag::Differ => "differs".to_owned(),
        UnitTag::Unknown(_) => "?".to_owned(),
    }
}

/// Each reason once, with the units that it holds for or with what to do.
fn explained(notes: Vec<(String, String)>, without: &[&Failure]) -> String {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (reason, unit) in notes {
        by_reason.entry(reason).or_default().push(unit);
    }
    let of_units = by_reason.into_iter().map(|(reason, units)| {
        let others = units.len() - 1;
        let more = if others == 0 { String::new() } else { format!(" and {others} more") };
        (reason, vec![format!("{}{more}", units[0])])
    });
    let all: Vec<_> = of_units.chain(without.iter().map(|failure| told(failure))).collect();
    listing("not known", &all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::tests::fixture;

    fn found(_: &Unit, account: &Account) -> Result<Option<Profile>, Failure> {
        match account.name.as_str() {
            "prod" => Err(Failure::refused("there is no profile for account `prod`")),
            name => Ok(Some(Profile { name: format!("your-{name}"), found_in: "here".to_owned(), is_stated: true })),
        }
    }

    /// Everything that was promised is there; there may be more.
    fn assert_has(found: &serde_json::Value, promised: &serde_json::Value) {
        match promised {
            serde_json::Value::Object(fields) => fields.iter().for_each(|(name, it)| assert_has(&found[name], it)),
            _ => assert_eq!(found, promised),
        }
    }

    #[test]
    fn the_json_has_the_promised_shape() {
        let tree = fixture("reference");
        let repo = tree.open();
        let value: serde_json::Value = serde_json::from_str(&json(&repo, &found, &[])).expect("it is JSON");
        assert_eq!(value["schema"], 1);
        assert_eq!(value["root"], repo.root.display().to_string());
        let dev = r#"{"path":"dev/us-east-1/mgmt/ecs-deploy-runner","kind":"terragrunt","account":{"name":"dev","id":"100000000004","evidence":["accounts.json:19","terragrunt.hcl:19"]},"profile":"your-dev","profile_from":"here","region":"us-east-1","module_ref":"v0.104.6","images":{"deploy-runner":{"uri":"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner","tag":"v0.52.1"},"kaniko":null}}"#;
        assert_has(&value["units"][0], &serde_json::from_str(dev).expect("it is JSON"));
        let kaniko = r#"{"image":"kaniko","file":"common.hcl","line":16,"key":"kaniko_container_image_tag","decides":["shared/us-east-1/mgmt/ecs-deploy-runner"]}"#;
        assert_has(&value["pins"][1], &serde_json::from_str(kaniko).expect("it is JSON"));
        assert_eq!(value["units"][2]["profile"], serde_json::Value::Null);
        assert_eq!(value["units"][2]["unresolved"]["profile"], "there is no profile for account `prod`");
    }

    #[test]
    fn places_are_in_the_order_of_their_lines() {
        let places = ["~/.aws/config:11", "--profile", "~/.aws/config:2", "~/.aws/config:101", "~/.aws/config:11"];
        assert_eq!(listed(places.into_iter().map(str::to_owned)), "--profile, ~/.aws/config:2, :11, :101");
    }

    #[test]
    fn the_table_is_aligned_and_explains_what_is_not_known() {
        let tree = fixture("override");
        let repo = tree.open();
        let text = table(
            &repo,
            &|unit, account| {
                if account.name == "dev" { Err(Failure::refused("there is no profile")) } else { found(unit, account) }
            },
            &[&Failure::refused("there is no profile").hint("name one")],
            &[],
            None,
        );
        let expected = "\
unit                                       account       profile        deploy-runner  kaniko
Stage-QA/us-east-1/mgmt/ecs-deploy-runner  100000000005  your-Stage-QA  v0.51.8        -
dev/us-east-1/mgmt/ecs-deploy-runner       100000000004  ?              v0.49.1        -

not known
  profile: there is no profile
    name one
";
        assert_eq!(text, expected);
    }
}
