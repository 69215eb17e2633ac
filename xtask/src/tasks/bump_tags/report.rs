//! The result of `bump-tags`: a diff for people, JSON for programs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cli::Format;
use crate::model::{Failure, ImageName, UnitPath};
use crate::repo::bump::Bump;
use crate::report::screen::{Tone, count};
use crate::tasks::bump_tags::words;
use crate::tasks::context::Context;

/// Prints the result. `what` ends the sentence "2 pins in 1 file …".
pub(super) fn report(context: &Context, bump: &Bump, what: &str) -> Result<(), Failure> {
    if context.globals.format == Format::Json {
        return context.result(&json(bump).to_string());
    }
    for pin in &bump.already {
        context.screen.say(Tone::Good, "Already at", format!("{}   {} {}", pin.value, pin.place(), pin.key));
    }
    let n = bump.changes().count();
    if n > 0 {
        context.result(&bump.diff())?;
        let files = count(bump.edits.len(), "file");
        context.screen.say(Tone::Good, "Tags", format!("{} in {files} {what}{}", count(n, "pin"), reached(bump)));
    }
    words::say_what_stays_behind(context, &bump.outside);
    Ok(())
}

/// How many units get a new tag, by image.
fn reached(bump: &Bump) -> String {
    let of = |image: ImageName| {
        let changes = bump.changes().filter(|change| change.images.contains(&image));
        let units: BTreeSet<&UnitPath> = changes.flat_map(|change| &change.units).collect();
        (!units.is_empty()).then(|| format!("   {image} in {}", count(units.len(), "unit")))
    };
    ImageName::ALL.into_iter().filter_map(of).collect()
}

/// `{"schema":1,"changes":[…],"already":[…],"also":[…],"left":[…],"unproven":[…],"outside":[…]}`
fn json(bump: &Bump) -> Value {
    let changes = bump.changes().map(|change| {
        let units: Vec<_> = change.units.iter().map(UnitPath::as_str).collect();
        json!({
            "file": change.pin.file, "line": change.pin.line, "key": change.pin.key, "from": change.from,
            "to": change.to, "images": change.images, "decides": units,
        })
    });
    let already =
        bump.already.iter().map(|pin| json!({ "file": pin.file, "line": pin.line, "key": pin.key, "tag": pin.value }));
    let also = bump
        .also
        .iter()
        .map(|also| json!({ "unit": also.unit.as_str(), "image": also.image, "from": also.from, "to": also.to }));
    let left = bump.left.iter().map(|left| {
        let at: Vec<_> = left.why.at.iter().map(ToString::to_string).collect();
        json!({ "unit": left.unit.as_str(), "image": left.image, "why": left.why.what, "at": at })
    });
    let unproven = bump.unproven.iter().map(|(unit, image)| json!({ "unit": unit.as_str(), "image": image }));
    let outside = bump
        .outside
        .iter()
        .map(|pin| json!({ "file": pin.file, "line": pin.line, "key": pin.key, "value": pin.value }));
    json!({
        "schema": 1,
        "changes": changes.collect::<Vec<_>>(),
        "already": already.collect::<Vec<_>>(),
        "also": also.collect::<Vec<_>>(),
        "left": left.collect::<Vec<_>>(),
        "unproven": unproven.collect::<Vec<_>>(),
        "outside": outside.collect::<Vec<_>>(),
    })
}
