//! Doing a queue and telling about it.

pub mod edit;
