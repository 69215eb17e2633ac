//! Telling about a run: everything here only reads events and what the run hands over, and writes words.

pub mod digest;
pub mod document;
pub mod evidence;
pub mod fill;
pub mod live;
pub mod markdown;
pub mod plain;
pub mod progress;
pub mod region;
pub mod rehearsed;
pub mod run_report;
pub mod screen;
pub mod stays;
pub mod summary;
pub mod table;
pub use crate::model::wrap;
