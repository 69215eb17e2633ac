//! The parts of xtask that read files, compiled from their own sources: with the instrumentation that a fuzzer needs they
//! are ready in a minute, which the whole of xtask with AWS's crates is not.

#[path = "../../src/model/mod.rs"]
pub mod model;
#[path = "../../src/repo/mod.rs"]
pub mod repo;
