//! What `build-images` says before and beside its results.

use std::ffi::OsString;

use crate::cli::How;
use crate::model::{Account, Region};
use crate::report::screen::Tone;
use crate::tasks::build_images::gather::Planned;
use crate::tasks::build_images::queue;
use crate::tasks::context::Context;
use crate::tasks::ready::Ready;
use crate::tools::aws::{self, NoAnswer};
use crate::tools::deployer::sign::TaskArn;
use crate::tools::process;

/// Which images, and who builds them.
pub(super) fn say_what(context: &Context, planned: &[Planned<'_>], how: How) {
    let Some(first) = planned.first() else { return };
    let who = match how {
        How::Runner => format!("by the runner of {} in {}", first.account, first.build.region),
        How::LocalDocker => format!("on this machine, for {} in {}", first.account, first.build.uri.region()),
    };
    context.screen.say(Tone::Plain, "Images", format!("{} {who}", queue::names(planned)));
}

/// What is other than in the documented command, and who says so.
pub(super) fn say_where_from(context: &Context, planned: &[Planned<'_>]) {
    for planned in planned.iter().filter(|planned| !planned.taken.is_empty()) {
        let image = &planned.build.image;
        let file = |from: &str| from.rsplit_once(':').map_or(from, |(file, _)| file).to_owned();
        let first = file(&planned.taken[0].1);
        let is_one_file = planned.taken.iter().all(|(_, from)| file(from) == first);
        let about = if is_one_file { format!("{image}   {first}") } else { image.clone() };
        context.screen.say(Tone::Plain, "Taken over", about);
        let width = planned.taken.iter().map(|(what, _)| what.len()).max().unwrap_or_default();
        for (what, from) in &planned.taken {
            let place = if is_one_file { from.strip_prefix(&first).unwrap_or_default() } else { from };
            context.screen.lines(format!("  {what:<width$}   {place}").trim_end());
        }
    }
}

/// A command of the AWS CLI in an account, for people to type.
pub(super) fn typed(ready: &Ready<'_>, account: &Account, region: &Region, words: Vec<OsString>) -> String {
    let wrapper = ready.wrapper.argv(account, ready.profile(account), region);
    let words = wrapper.into_iter().chain(words);
    words.map(|word| process::quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// The command that stops a task.
pub(super) fn stop(ready: &Ready<'_>, account: &Account, arn: &str) -> String {
    let task = TaskArn::parse(arn);
    let Some((task, region)) = task.and_then(|task| Some((task.clone(), task.region.parse().ok()?))) else {
        return format!("aws ecs stop-task --task {}", process::quoted(arn));
    };
    typed(ready, account, &region, aws::stop_task(arn, &task))
}

/// That a task may live on, and how to stop it.
pub(super) fn left(ready: &Ready<'_>, account: &Account, image: &str, arn: &str) -> String {
    let stop = stop(ready, account, arn);
    format!("Left         the ECS task of {image} may still be at work: {arn}\n  to stop it: {stop}")
}

/// Why AWS could not tell.
pub(super) fn no_answer(why: &NoAnswer, cause: Option<&str>) -> String {
    match why.to_string() {
        said if said.is_empty() => cause.unwrap_or("no reason is known").to_owned(),
        said => said,
    }
}
