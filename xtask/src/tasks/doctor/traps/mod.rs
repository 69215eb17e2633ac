//! Traps: what has bitten others, each looked for with nothing but read access and in less than a second.

pub(super) mod access;
pub(super) mod engine;
pub(super) mod files;
pub(super) mod here;
pub(super) mod invoker;
pub(super) mod sessions;
pub(super) mod sources;
pub(super) mod tags;
