//! The status for programs.

use serde_json::json;

use super::Status;
use crate::tasks::schema::{self, Detail};

/// `{"schema":…,"root":…,"all_at_tag":…,"units":[…],"pins":[…],"outside":[…],"workers":[…],"notes":[…]}`; `all_at_tag` is null without `--check`.
pub(super) fn report(status: &Status<'_>, all_at_tag: Option<bool>) -> String {
    let units: Vec<_> = status.repo.units.iter().map(|unit| schema::unit(unit, &status.images, Detail::Line)).collect();
    let pins = schema::pins(status.repo, &status.images);
    let outside = status.outside.iter().filter(|pin| status.images.contains(&pin.image)).map(
        |pin| json!({ "image": pin.image, "file": pin.file, "line": pin.line, "key": pin.key, "value": pin.value }),
    );
    let workers =
        status.repo.worker_filters().into_iter().map(
            |it| json!({ "file": it.place.file, "line": it.place.line, "filter": it.filter, "release": it.release }),
        );
    let root = status.repo.root.display().to_string();
    let report = json!({
        "schema": schema::SCHEMA, "root": root, "all_at_tag": all_at_tag, "units": units, "pins": pins,
        "outside": outside.collect::<Vec<_>>(), "workers": workers.collect::<Vec<_>>(), "notes": status.notes,
    });
    format!("{report:#}\n")
}
