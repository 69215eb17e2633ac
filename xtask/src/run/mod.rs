//! Doing a queue and telling about it. The queue is a value; the executor starts its steps, judges how they ended by the
//! guards' proofs, and sends events to whoever reports.

#[cfg(test)]
mod crash;
pub mod digest;
pub mod edit;
pub mod event;
pub mod executor;
pub mod folder;
pub mod interrupt;
pub mod journal;
pub mod judge;
pub mod kept;
pub mod lifetime;
pub mod lock;
pub mod memory;
pub mod redact;
pub mod relay;
pub mod step;
pub mod tail;
pub mod task;
pub mod trouble;
pub mod unfinished;
pub mod wave;
