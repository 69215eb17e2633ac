//! What a journal holds of what was found out besides: by another program, by ECR or ECS, or by a later run.

use serde::{Deserialize, Serialize};

/// A task of ECS that a step has started; it lives on when nobody waits for it any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Which attempt.
    pub attempt: String,
    /// Its ARN.
    pub arn: String,
}

/// What something came out as: an image by what is in ECR, the start of a container by ECS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The unit's path, or the image's address, as it was selected.
    pub path: String,
    /// The word of reports.
    pub result: String,
    /// A word or two on it, such as `was there already`.
    pub reason: String,
    /// Why, where it did not succeed.
    pub cause: Option<String>,
}

/// What a later run found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// Which attempt.
    pub attempt: String,
    /// The word of reports.
    pub result: String,
    /// How it is known.
    pub cause: Option<String>,
    /// The run that looked.
    pub by: String,
}
