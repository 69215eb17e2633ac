//! A key that is no setting: what may have been meant.

use super::read::KEYS;
use crate::model::{Failure, Place, did_you_mean};

/// Says so, with the nearest key that there is.
pub(super) fn key(key: &str, place: Place) -> Failure {
    let failure = Failure::refused(format!("`{key}` is not a setting")).at(place);
    let failure = did_you_mean(KEYS, key).into_iter().fold(failure, Failure::hint);
    failure.hint(format!("the settings are {}", KEYS.join(", ")))
}
