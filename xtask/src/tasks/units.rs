//! `units`: what the repository says about each unit, as JSON for programs and as a table for people.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cli::{self, Format};
use crate::model::{Account, Exit, Failure, Failures, ImageName, ImageUri, Known, Region, Tag, UnitPath};
use crate::repo::{ImageUse, Profile, Repository, Unit};
use crate::tasks::context::Context;
use crate::tasks::profiles::Profiles;
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
    let find = |unit: &Unit, account: &Account| {
        let profile = || profiles.of(account, unit.region.value(), &repo.settings);
        needs_profile.then(profile).transpose()
    };
    let text = match context.globals.format {
        Format::Text => table(&repo, &find) + &sources(&repo, &find),
        Format::Json | Format::Markdown => json(&repo, &find),
    };
    context.result(&text)?;
    let mut problems = profiles.misnamed(&repo.accounts, &repo.settings);
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
    units: Vec<UnitReport<'a>>,
    pins: Vec<PinReport<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<NoticeReport<'a>>,
}

#[derive(Serialize)]
struct NoticeReport<'a> {
    text: &'a str,
    places: Vec<String>,
}

#[derive(Serialize)]
struct PinReport<'a> {
    image: ImageName,
    file: &'a str,
    line: usize,
    key: &'a str,
    decides: Vec<&'a str>,
}

#[derive(Serialize)]
struct UnitReport<'a> {
    path: &'a str,
    kind: &'a str,
    account: Option<AccountReport<'a>>,
    profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_from: Option<String>,
    region: Option<&'a Region>,
    module_ref: Option<&'a str>,
    images: BTreeMap<&'a str, Option<ImageReport<'a>>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    others: BTreeMap<&'a str, ImageReport<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unresolved: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excluded: Option<ExclusionReport<'a>>,
}

#[derive(Serialize)]
struct ExclusionReport<'a> {
    by: &'a str,
    place: String,
    unknown_because: Option<&'a str>,
}

#[derive(Serialize)]
struct AccountReport<'a> {
    name: &'a str,
    id: &'a str,
    evidence: Vec<String>,
}

#[derive(Serialize)]
struct ImageReport<'a> {
    uri: Option<&'a ImageUri>,
    tag: Option<&'a Tag>,
}

/// The units as JSON, whose shape is a promise: `{"schema":1,"root":…,"units":[…],"pins":[…]}`, units sorted by path,
/// pins by image and place. A value that is not known is null, with its reason under `unresolved`.
pub fn json(repo: &Repository, profile: FindProfile<'_>) -> String {
    let units = repo.units.iter().map(|unit| unit_report(unit, profile)).collect();
    let pins = repo.pins().into_iter().map(|decided| PinReport {
        image: decided.image,
        file: &decided.pin.file,
        line: decided.pin.line,
        key: &decided.pin.key,
        decides: decided.units.into_iter().map(UnitPath::as_str).collect(),
    });
    let notices = repo
        .notices
        .iter()
        .map(|notice| NoticeReport { text: &notice.what, places: notice.at.iter().map(ToString::to_string).collect() });
    let (root, pins, notices) = (repo.root.display().to_string(), pins.collect(), notices.collect());
    let report = Report { schema: 1, root, units, pins, notices };
    let mut text =
        serde_json::to_string_pretty(&report).expect("maps with string keys and strings can be written as JSON");
    text.push('\n');
    text
}

fn unit_report<'a>(unit: &'a Unit, profile: FindProfile<'_>) -> UnitReport<'a> {
    let mut unresolved = BTreeMap::new();
    let account = known(&unit.account, "account", &mut unresolved);
    let profile = account.map(|account| profile(unit, account));
    let profile = profile.and_then(|it| it.map_err(|none| unresolved.insert("profile".to_owned(), none.what)).ok()?);
    let region = known(&unit.region, "region", &mut unresolved);
    let mut images = BTreeMap::new();
    for image in ImageName::ALL {
        let report = unit.image(image).map(|uses| ImageReport {
            uri: known(&uses.uri, &format!("images.{image}.uri"), &mut unresolved),
            tag: known(&uses.tag, &format!("images.{image}.tag"), &mut unresolved),
        });
        images.insert(image.as_str(), report);
    }
    let module_ref = match unit.module.version() {
        Known::Value(version) => version,
        Known::Unknown(reason) => {
            unresolved.insert("module_ref".to_owned(), reason);
            None
        }
    };
    let mut others = BTreeMap::new();
    for other in &unit.others {
        let name = other.configuration.as_str();
        let uri = known(&other.uri, &format!("others.{name}.uri"), &mut unresolved);
        let tag = known(&other.tag, &format!("others.{name}.tag"), &mut unresolved);
        others.insert(name, ImageReport { uri, tag });
    }
    UnitReport {
        path: unit.path.as_str(),
        kind: unit.kind.as_str(),
        account: account.map(|account| AccountReport {
            name: &account.name,
            id: account.id.as_str(),
            evidence: account.evidence.iter().map(ToString::to_string).collect(),
        }),
        profile_from: profile.as_ref().map(|profile| profile.found_in.clone()),
        profile: profile.map(|profile| profile.name),
        region,
        module_ref,
        images,
        others,
        unresolved,
        excluded: unit.excluded.as_ref().map(|it| ExclusionReport {
            by: &it.by,
            place: it.place.to_string(),
            unknown_because: it.doubt.as_deref(),
        }),
    }
}

fn known<'a, T>(value: &'a Known<T>, name: &str, unresolved: &mut BTreeMap<String, String>) -> Option<&'a T> {
    if let Some(reason) = value.reason() {
        unresolved.insert(name.to_owned(), reason.to_owned());
    }
    value.value()
}

/// The units as an aligned table; what is not known is a `?`, explained below.
pub fn table(repo: &Repository, profile: FindProfile<'_>) -> String {
    let mut rows = vec![["unit", "account", "profile", "deploy-runner", "kaniko"].map(str::to_owned)];
    let mut notes: Vec<(String, String)> = Vec::new();
    for unit in &repo.units {
        let report = unit_report(unit, profile);
        let has_none = unit.account.value().is_some() && !report.unresolved.contains_key("profile");
        let tag = |image| unit.image(image).map_or_else(|| "-".to_owned(), tag_text);
        rows.push([
            unit.path.to_string(),
            unit.account.value().map_or_else(|| "?".to_owned(), |account| account.id.to_string()),
            report.profile.unwrap_or_else(|| if has_none { "-" } else { "?" }.to_owned()),
            tag(ImageName::DeployRunner),
            tag(ImageName::Kaniko),
        ]);
        let path = unit.path.as_str();
        notes
            .extend(report.unresolved.into_iter().map(|(name, reason)| (format!("{name}: {reason}"), path.to_owned())));
    }
    aligned(&rows) + &explained(without_profiles(repo, profile, notes)) + &excluded(repo) + &noticed(repo)
}

/// What is good to know about the repository.
fn noticed(repo: &Repository) -> String {
    let mut text = String::new();
    for notice in &repo.notices {
        text.push_str(if text.is_empty() { "\nto know\n" } else { "" });
        text.push_str(&format!("  {}\n", notice.what));
        notice.at.iter().for_each(|place| text.push_str(&format!("    {place}\n")));
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
    let places: BTreeSet<String> = repo.units.iter().filter_map(found).collect();
    let places: Vec<_> = places.into_iter().collect();
    let profiles = if places.is_empty() { String::new() } else { format!("profiles     by {}\n", places.join(", ")) };
    format!("\ncredentials  {words}   {place}\n{profiles}")
}

fn tag_text(uses: &ImageUse) -> String {
    uses.tag.value().map_or_else(|| "?".to_owned(), Tag::to_string)
}

fn aligned(rows: &[[String; 5]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3, 4].map(width);
    let mut text = String::new();
    for row in rows {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// One note in the place of those on accounts of which no profile is known, where there are several.
fn without_profiles(
    repo: &Repository,
    profile: FindProfile<'_>,
    mut notes: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let is_unknown = |text: &str| text.starts_with("there is no profile for account");
    let of_unknown = |unit: &Unit| {
        let account = unit.account.value()?;
        let is_so = profile(unit, account).is_err_and(|failure| is_unknown(&failure.what));
        is_so.then(|| account.name.clone())
    };
    let mut names: Vec<_> = repo.units.iter().filter_map(of_unknown).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() > 1 {
        notes.retain(|(reason, _)| !reason.strip_prefix("profile: ").is_some_and(is_unknown));
        let line = "the line to write: profile = \"your-{account}\" under [workspace.metadata.xtask] in Cargo.toml";
        notes.push((format!("profile: none known for {} accounts: {}", names.len(), names.join(" ")), line.to_owned()));
    }
    notes
}

/// Each reason once, with the units that it holds for.
fn explained(notes: Vec<(String, String)>) -> String {
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (reason, unit) in notes {
        by_reason.entry(reason).or_default().push(unit);
    }
    let mut text = String::new();
    for (reason, units) in by_reason {
        text.push_str(if text.is_empty() { "\nnot known\n" } else { "" });
        let others = units.len() - 1;
        let more = if others == 0 { String::new() } else { format!(" and {others} more") };
        text.push_str(&format!("  {reason}\n    {}{more}\n", units[0]));
    }
    text
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

    #[test]
    fn the_json_has_the_promised_shape() {
        let tree = fixture("reference");
        let repo = tree.open();
        let value: serde_json::Value = serde_json::from_str(&json(&repo, &found)).expect("it is JSON");
        assert_eq!(value["schema"], 1);
        assert_eq!(value["root"], repo.root.display().to_string());
        let dev = r#"{"path":"dev/us-east-1/mgmt/ecs-deploy-runner","kind":"terragrunt","account":{"name":"dev","id":"100000000004","evidence":["accounts.json:19","terragrunt.hcl:19"]},"profile":"your-dev","profile_from":"here","region":"us-east-1","module_ref":"v0.104.6","images":{"deploy-runner":{"uri":"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner","tag":"v0.52.1"},"kaniko":null}}"#;
        let compact = serde_json::to_string(&unit_report(&repo.units[0], &found)).expect("it is JSON");
        assert_eq!(compact, dev);
        assert_eq!(value["units"][0], serde_json::from_str::<serde_json::Value>(dev).expect("it is JSON"));
        let kaniko = r#"{"image":"kaniko","file":"common.hcl","line":16,"key":"kaniko_container_image_tag","decides":["shared/us-east-1/mgmt/ecs-deploy-runner"]}"#;
        assert_eq!(value["pins"][1], serde_json::from_str::<serde_json::Value>(kaniko).expect("it is JSON"));
        assert_eq!(value["units"][2]["profile"], serde_json::Value::Null);
        assert_eq!(value["units"][2]["unresolved"]["profile"], "there is no profile for account `prod`");
    }

    #[test]
    fn the_table_is_aligned_and_explains_what_is_not_known() {
        let tree = fixture("override");
        let repo = tree.open();
        let text = table(&repo, &|unit, account| {
            if account.name == "dev" { Err(Failure::refused("there is no profile")) } else { found(unit, account) }
        });
        let expected = "\
unit                                       account       profile        deploy-runner  kaniko
Stage-QA/us-east-1/mgmt/ecs-deploy-runner  100000000005  your-Stage-QA  v0.51.8        -
dev/us-east-1/mgmt/ecs-deploy-runner       100000000004  ?              v0.49.1        -

not known
  profile: there is no profile
    dev/us-east-1/mgmt/ecs-deploy-runner
";
        assert_eq!(text, expected);
    }
}
