//! The result of `bump-tags`: a diff for people, JSON for programs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cli::Format;
use crate::model::{Failure, UnitPath};
use crate::repo::Pin;
use crate::repo::bump::Bump;
use crate::report::screen::{Tone, count};
use crate::tasks::bump_tags::words;
use crate::tasks::context::Context;

/// Prints the result. `what` ends the sentence "2 pins in 1 file …".
pub fn report(context: &Context, bump: &Bump, what: &str) -> Result<(), Failure> {
    if context.globals.format == Format::Json {
        return context.result(&json(bump).to_string());
    }
    say_what_is_there(context, &bump.already);
    let n = bump.changes().count();
    if n > 0 {
        context.diff(&bump.diff())?;
        let files = count(bump.edits.len(), "file");
        context.screen.say(Tone::Good, "Tags", format!("{} in {files} {what}", count(n, "pin")));
        let reached = reached(bump);
        if !reached.is_empty() {
            context.screen.say(Tone::Plain, "Reached", reached.join(", "));
        }
    }
    words::say_what_stays_behind(context, &bump.outside);
    Ok(())
}

fn say_what_is_there(context: &Context, already: &[Pin]) {
    /// More of them say nothing that one line doesn't.
    const MOST: usize = 4;
    let mut by_tag: BTreeMap<&str, Vec<&Pin>> = BTreeMap::new();
    for pin in already {
        by_tag.entry(&pin.value).or_default().push(pin);
    }
    for (tag, pins) in by_tag {
        if pins.len() > MOST {
            let files: BTreeSet<&str> = pins.iter().map(|pin| pin.file.as_str()).collect();
            let about = format!("{tag}   {} in {}", count(pins.len(), "pin"), count(files.len(), "file"));
            context.screen.say(Tone::Good, "Already at", about);
            continue;
        }
        for pin in pins {
            context.screen.say(Tone::Good, "Already at", format!("{tag}   {} {}", pin.place(), pin.key));
        }
    }
}

/// How many units get a new tag, selected or not, by image.
fn reached(bump: &Bump) -> Vec<String> {
    let images: Vec<_> =
        bump.reaches().iter().map(|(image, units)| format!("{image} in {}", count(units.len(), "unit"))).collect();
    let modules = (!bump.modules.is_empty()).then(|| format!("module in {}", count(bump.modules.len(), "unit")));
    images.into_iter().chain(modules).collect()
}

/// `{"schema":1,"changes":[…],"already":[…],"also":[…],"left":[…],"unread":[…],"allowed":[…],"unverified":[…],"outside":[…],"modules":[…]}`
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
    let unread = bump.unread.iter().map(|unread| {
        let at: Vec<_> = unread.at.iter().map(ToString::to_string).collect();
        json!({ "why": unread.what, "at": at })
    });
    let allowed = bump.allowed.iter().map(|allowed| {
        let at: Vec<_> = allowed.at.iter().map(ToString::to_string).collect();
        json!({ "what": allowed.what, "at": at })
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
        "unread": unread.collect::<Vec<_>>(),
        "allowed": allowed.collect::<Vec<_>>(),
        "unverified": unproven.collect::<Vec<_>>(),
        "outside": outside.collect::<Vec<_>>(),
        "modules": bump.modules.iter().map(UnitPath::as_str).collect::<Vec<_>>(),
    })
}
