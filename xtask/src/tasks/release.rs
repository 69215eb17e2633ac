//! Whether the tags of images that are to be built are releases of terraform-aws-ci: by the table of changes, else by the
//! tags of the git repository that is built from. A tag that neither knows is asked about, also where git can't be asked.

use std::time::Duration;

use crate::cli::Allowance;
use crate::model::{Failure, ImageName, Result, Tag, Version};
use crate::repo::Repository;
use crate::report::screen::{Screen, Tone};
use crate::tasks::changes;
use crate::tasks::context::Context;
use crate::tools::deployer::Build;
use crate::tools::env::{self, Purpose};
use crate::tools::git;
use crate::tools::programs::Tools;

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is known of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// It is a release.
    Release,
    /// None has this name; those that come nearest.
    Unknown(Vec<String>),
    /// It is spelled like a release that is not in the table, and the git repository was not asked.
    NotLookedUp(Unasked),
}

/// Why a git repository has not told its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unasked {
    /// A rehearsal asks no server.
    Rehearsal,
    /// It could not be read, for this reason.
    Failed(String),
}

/// Names the tags of these builds that are no known release. `true` means that the user has to be asked about them; they are
/// refused under `--yes`, which covers nothing that looks like a mistake.
pub fn is_doubtful<'b>(
    context: &Context,
    repo: &Repository,
    builds: impl IntoIterator<Item = &'b Build>,
) -> Result<bool> {
    let mut seen: Vec<(&str, &Tag)> = Vec::new();
    let mut doubts = Vec::new();
    // Further images have releases of their own.
    for build in builds.into_iter().filter(|build| build.image.parse::<ImageName>().is_ok()) {
        let asked = (build.dockerfile_repo.as_str(), &build.tag);
        if !seen.contains(&asked) {
            seen.push(asked);
            doubts.extend(doubt(&context.screen, asked.0, asked.1, standing(context, repo, asked.0, asked.1.as_str())));
        }
    }
    let globals = &context.globals;
    match doubts.into_iter().next() {
        None => Ok(false),
        Some(_) if globals.allows(Allowance::UnknownRelease) => Ok(false),
        Some(doubt) if globals.yes => Err(doubt.hint("if it is right all the same: --allow unknown-release")),
        Some(_) => Ok(true),
    }
}

/// Says what is doubtful about a tag. The refusal of it, where the user has to agree to it.
fn doubt(screen: &Screen, remote: &str, tag: &Tag, standing: Standing) -> Option<Failure> {
    let not_looked_up = format!("whether {tag} is a release of terraform-aws-ci");
    match standing {
        Standing::Release => None,
        Standing::NotLookedUp(Unasked::Rehearsal) => {
            let about =
                "a rehearsal asks no server; in earnest git is asked, and so are you if it doesn't know the tag";
            screen.say(Tone::Plain, "Not checked", format!("{not_looked_up}: {about}"));
            None
        }
        Standing::NotLookedUp(Unasked::Failed(why)) => {
            let reason = format!("git can't read the tags of {remote} ({why})");
            screen.insist(Tone::Warning, "Not checked", format!("{not_looked_up}: {reason}"));
            Some(Failure::refused(format!("it is not known {not_looked_up}, so nothing was built")).detail(reason))
        }
        Standing::Unknown(nearest) => {
            let nearest = nearest.join(" and ");
            let about = format!("{tag} is no known release of terraform-aws-ci; the nearest: {nearest}");
            screen.insist(Tone::Warning, "No release", about);
            let what = format!("`{tag}` is no known release of terraform-aws-ci, so nothing was built");
            Some(Failure::refused(what).hint(format!("perhaps {nearest} was meant")))
        }
    }
}

fn standing(context: &Context, repo: &Repository, remote: &str, tag: &str) -> Standing {
    let table = changes::releases();
    if table.iter().any(|known| known == tag) {
        return Standing::Release;
    }
    let listed = match context.tools() {
        Tools::Real => listed(context, repo, remote).map_err(|error| Unasked::Failed(format!("{error:#}"))),
        Tools::StandIns(_) => Err(Unasked::Rehearsal),
    };
    judge(tag, &table, listed)
}

fn judge(tag: &str, table: &[String], listed: Result<Vec<String>, Unasked>) -> Standing {
    let is_spelled_like_one = tag.starts_with('v') && Version::parse(tag).is_some();
    match listed {
        Ok(tags) if tags.iter().any(|known| known == tag) => Standing::Release,
        Ok(tags) if tags.iter().any(|known| Version::parse(known).is_some()) => Standing::Unknown(nearest(tag, &tags)),
        Err(why) if is_spelled_like_one => Standing::NotLookedUp(why),
        Ok(_) | Err(_) => Standing::Unknown(nearest(tag, table)),
    }
}

/// The release with the same number; else the one before it and the one after it; the newest, where it has no number.
fn nearest(tag: &str, names: &[String]) -> Vec<String> {
    let mut known: Vec<_> = names.iter().filter_map(|name| Some((Version::parse(name)?, name))).collect();
    known.sort();
    let Some(wanted) = Version::parse(tag) else {
        return known.last().map(|(_, name)| (*name).clone()).into_iter().collect();
    };
    let same = known.iter().find(|(version, _)| *version == wanted);
    let before = known.iter().rfind(|(version, _)| *version < wanted);
    let after = known.iter().find(|(version, _)| *version > wanted);
    let names = same.map_or_else(|| vec![before, after], |same| vec![Some(same)]);
    names.into_iter().flatten().map(|(_, name)| (*name).clone()).collect()
}

/// The tags of a git repository. Nothing can ask back.
fn listed(context: &Context, repo: &Repository, remote: &str) -> anyhow::Result<Vec<String>> {
    let vars = env::build(&context.vars, Purpose::Plain, repo.settings.pass_environment()).vars;
    git::tags_of(remote, &repo.root, &vars, PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn tag_is_a_release_if_its_repository_has_it_and_the_nearest_are_named_if_not() {
        let tags = names(&["v0.52.1", "v1.2.0", "v1.3.0", "v1.4.0", "nightly"]);
        for (tag, expected) in [
            ("v1.4.0", Standing::Release),
            ("nightly", Standing::Release),
            ("1.3.0", Standing::Unknown(names(&["v1.3.0"]))),
            ("v1.2.7", Standing::Unknown(names(&["v1.2.0", "v1.3.0"]))),
            ("v9.8.423", Standing::Unknown(names(&["v1.4.0"]))),
            ("latest", Standing::Unknown(names(&["v1.4.0"]))),
        ] {
            assert_eq!(judge(tag, &[], Ok(tags.clone())), expected, "{tag}");
        }
    }

    #[test]
    fn tag_that_cannot_be_looked_up_is_known_if_the_table_has_it_and_else_in_doubt() {
        let table = names(&["v0.52.1", "v1.3.0"]);
        for why in [Unasked::Rehearsal, Unasked::Failed("offline".to_owned())] {
            let unasked = || Err(why.clone());
            assert_eq!(judge("v1.9.0", &table, unasked()), Standing::NotLookedUp(why.clone()));
            assert_eq!(judge("1.3.0", &table, unasked()), Standing::Unknown(names(&["v1.3.0"])));
            assert_eq!(judge("latest", &table, unasked()), Standing::Unknown(names(&["v1.3.0"])));
        }
        assert_eq!(judge("latest", &table, Ok(Vec::new())), Standing::Unknown(names(&["v1.3.0"])));
    }
}
