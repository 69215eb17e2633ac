//! The small types that everybody names. They check what they hold, print it as people write it, and know nothing of files,
//! processes or HCL.

mod account;
mod docker;
mod environment;
mod failure;
mod known;
mod profile;
mod reach;
mod region;
mod secret;
pub mod threads;
mod unit;
mod version;
pub mod wrap;

pub use account::{Account, AccountId, AccountIdError};
pub use docker::{ImageName, ImageUri, Tag};
pub use environment::Environment;
pub use failure::{Exit, Failure, Failures, Kind, Result};
pub use hcl_resolve::printable::{MASK, acts, literal, one_line, printable};
pub use hcl_resolve::{Place, regular};
pub use known::Known;
pub use profile::{ProfileCandidate, did_you_mean, distance, is_limited, nearest};
pub use reach::{Reach, Remedy};
pub use region::Region;
pub use secret::{is_secret_name, looks_drawn};
pub use unit::{UnitPath, file_name};
pub use version::Version;
