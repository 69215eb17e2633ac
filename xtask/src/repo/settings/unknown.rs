//! A key that is no setting: what may have been meant.

use super::read::KEYS;
use crate::model::{Failure, Place};

/// Says so, with the nearest key that there is.
pub(super) fn key(key: &str, place: Place) -> Failure {
    let failure = Failure::refused(format!("`{key}` is not a setting")).at(place);
    let nearest = KEYS.iter().min_by_key(|known| distance(known, key)).filter(|known| distance(known, key) <= 3);
    let failure = match nearest {
        Some(known) => failure.hint(format!("did you mean `{known}`?")),
        None => failure,
    };
    failure.hint(format!("the settings are {}", KEYS.join(", ")))
}

/// How many letters have to be changed, added or left out.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}
