//! The status for programs.

use serde_json::{Map, Value, json};

use super::Status;
use crate::repo::image::Decider;
use crate::repo::{Pin, Unit};

/// `{"schema":1,"root":…,"all_at_tag":…,"units":[…],"pins":[…],"outside":[…],"workers":[…],"notes":[…]}`; `all_at_tag` is null without `--check`.
pub(super) fn report(status: &Status<'_>, all_at_tag: Option<bool>) -> String {
    let units: Vec<_> = status.repo.units.iter().map(|unit| unit_json(status, unit)).collect();
    let pins: Vec<_> = status
        .repo
        .pins()
        .into_iter()
        .filter(|decided| status.images.contains(&decided.image))
        .map(|decided| {
            let units: Vec<_> = decided.units.iter().map(|unit| unit.as_str()).collect();
            let pin = decided.pin;
            json!({
                "image": decided.image, "file": pin.file, "line": pin.line, "key": pin.key, "tag": pin.value,
                "decides": units,
            })
        })
        .collect();
    let outside = status.outside.iter().filter(|pin| status.images.contains(&pin.image)).map(
        |pin| json!({ "image": pin.image, "file": pin.file, "line": pin.line, "key": pin.key, "value": pin.value }),
    );
    let workers =
        status.repo.worker_filters().into_iter().map(
            |it| json!({ "file": it.place.file, "line": it.place.line, "filter": it.filter, "release": it.release }),
        );
    let root = status.repo.root.display().to_string();
    let report = json!({
        "schema": 1, "root": root, "all_at_tag": all_at_tag, "units": units, "pins": pins,
        "outside": outside.collect::<Vec<_>>(), "workers": workers.collect::<Vec<_>>(), "notes": status.notes,
    });
    format!("{report:#}\n")
}

fn unit_json(status: &Status<'_>, unit: &Unit) -> Value {
    let images: Map<String, Value> = status
        .images
        .iter()
        .map(|image| {
            let uses = unit.image(*image).map(|uses| {
                let decided_by: Vec<_> = uses.deciders.iter().map(decider_json).collect();
                json!({ "tag": uses.tag.value(), "unknown_because": uses.tag.reason(), "decided_by": decided_by })
            });
            (image.to_string(), uses.unwrap_or(Value::Null))
        })
        .collect();
    json!({
        "path": unit.path.as_str(), "account": unit.account.value().map(|account| &account.name), "images": images,
        "module_source": unit.module.source.value(), "module_ref": unit.module.version().value(),
        "module_decided_by": unit.module.pin.as_ref().map(pin_json),
    })
}

fn pin_json(pin: &Pin) -> Value {
    json!({ "file": pin.file, "line": pin.line, "key": pin.key })
}

fn decider_json(decider: &Decider) -> Value {
    let place = decider.place.as_ref();
    json!({
        "input": decider.input,
        "file": place.map(|place| &place.file),
        "line": place.and_then(|place| place.line),
        "expression": decider.expression,
        "is_pin": decider.pin.is_some(),
    })
}
