//! What `build-images` says before and beside its results.

use crate::cli::How;
use crate::report::screen::Tone;
use crate::tasks::build_images::gather::Planned;
use crate::tasks::build_images::queue;
use crate::tasks::context::Context;

/// Which images, and who builds them.
pub(super) fn say_what(context: &Context, planned: &[Planned<'_>], how: How) {
    let Some(first) = planned.first() else { return };
    context.screen.say(Tone::Plain, "Images", format!("{} {}", queue::names(planned), who(first, how)));
}

/// Who builds an image, and where.
pub fn who(planned: &Planned<'_>, how: How) -> String {
    match how {
        How::Runner => format!("by the runner of {} in {}", planned.account, planned.build.region),
        How::LocalDocker => format!("on this machine, for {} in {}", planned.account, planned.build.uri.region()),
    }
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
