//! A profile of the AWS config file that leads into some account.

use super::Place;

/// A profile that could be used for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileCandidate {
    /// The name that the credential tool takes.
    pub name: String,
    /// Where the profile starts in the AWS config file.
    pub place: Place,
    /// Which key says that it leads into the account.
    pub why: String,
}
