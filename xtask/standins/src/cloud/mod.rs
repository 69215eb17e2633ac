//! What exists in the accounts of a world: images and task definitions, one file per account and service.

pub(crate) mod ecr;
pub(crate) mod ecs;
pub(crate) mod tasks;
