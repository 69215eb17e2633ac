//! What `update` says between its parts.

use crate::model::{ImageName, Tag, Version};
use crate::repo::Repository;
use crate::repo::bump::Bump;
use crate::report::screen::{Screen, Tone, count, diff_ink};
use crate::tasks::apply_all;
use crate::tasks::changes;
use crate::tasks::context::Context;
use crate::tasks::images::Wanted;
use crate::tasks::session;
use crate::tasks::update::gather::Parts;
use crate::tools::process;

/// Where this is, and what it is about.
pub(super) fn say_what_this_is(context: &Context, repo: &Repository, parts: &Parts<'_>, tag: &Tag) {
    session::say_repository(context, repo);
    session::say_settings(context, repo);
    let (units, accounts) = (parts.work.units.len(), parts.work.accounts.len());
    let module = parts.ask.module_ref.iter().map(|to| format!("   module to {to}")).collect::<String>();
    let about = format!("to {tag}{module}   {} in {}", count(units, "unit"), count(accounts, "account"));
    context.screen.say(Tone::Plain, "Update", about);
    apply_all::say_left_out(&context.screen, &parts.work.left_out);
}

/// What an operator has to do between the releases that the units have and the one that they get.
pub(super) fn say_breaking(context: &Context, parts: &Parts<'_>, tag: &Tag) {
    let images = parts.work.units.iter().flat_map(|unit| ImageName::ALL.map(|image| unit.unit.image(image)));
    let tags = images.flatten().flat_map(|image| image.tags());
    let oldest = tags.filter_map(|tag| Some((Version::parse(tag.as_str())?, tag))).min_by_key(|(version, _)| *version);
    let changes = oldest.map(|(_, from)| changes::breaking(from.as_str(), tag.as_str())).unwrap_or_default();
    for change in changes {
        context.screen.insist(Tone::Warning, "Breaking", format!("{}   {}", change.version, change.what));
        if let Some(to_do) = change.to_do {
            context.screen.insist_line(&format!("             do: {to_do}"));
        }
    }
}

/// Nothing has to be built.
pub(super) fn say_images_are_there(screen: &Screen, wanted: &[Wanted<'_>]) {
    let names: Vec<_> = wanted.iter().map(|it| format!("{}:{}", it.uri.repository(), it.tag)).collect();
    screen.say(Tone::Good, "Images", format!("{} in ECR already, nothing is built", names.join(" and ")));
}

/// The change of the files, which has been made.
pub(super) fn say_moved(screen: &Screen, bump: &Bump) {
    screen.inked(&bump.diff(), diff_ink);
    let n = bump.changes().count();
    screen.say(Tone::Good, "Tags", format!("{} in {} moved", count(n, "pin"), count(bump.edits.len(), "file")));
    if !bump.modules.is_empty() {
        screen.say(Tone::Plain, "Reached", format!("module in {}", count(bump.modules.len(), "unit")));
    }
}

/// How to keep the change of the files: nothing here commits by itself. Plans that are kept are those of this commit.
pub(super) fn say_commit(screen: &Screen, bump: &Bump, tag: &Tag, keeps_plans: bool) {
    if bump.edits.is_empty() {
        return;
    }
    let files = bump.edits.iter().map(|edit| process::quoted(&edit.file)).collect::<Vec<_>>().join(" ");
    let message = process::quoted(&format!("Update the ECS Deploy Runner to {tag}"));
    screen.lines(&format!("             to keep it: git add {files} && git commit -m {message}"));
    if keeps_plans {
        screen.lines(&format!(
            "             apply the plans before that; after a commit they are refused, and this plans anew: cargo xtask update {tag}"
        ));
    }
}
