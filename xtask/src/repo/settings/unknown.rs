//! A key that is no setting: what may have been meant.

use super::read::KEYS;
use crate::model::{Failure, Place, nearest};

/// Says so, with the nearest key that there is.
pub(super) fn key(key: &str, place: Place) -> Failure {
    let failure = Failure::refused(format!("`{key}` is not a setting")).at(place);
    let failure = match nearest(KEYS, key) {
        Some(known) => failure.hint(format!("did you mean `{known}`?")),
        None => failure,
    };
    failure.hint(format!("the settings are {}", KEYS.join(", ")))
}
