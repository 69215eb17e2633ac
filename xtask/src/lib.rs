//! Updates the Gruntwork ECS Deploy Runner in every account of an infrastructure-live repository.
//!
//! The modules in reading order. `tasks` joins what `repo` says with what `tools` can do into a queue, `run` carries it
//! out, `report` tells about it. `repo` and `tools` don't know each other; everybody knows `model`.
#![cfg(unix)]

pub mod tasks;

pub mod repo;
pub mod run;
pub mod tools;

pub mod model;
