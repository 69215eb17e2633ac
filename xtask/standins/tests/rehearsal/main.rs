//! Drives the stand-ins as the pipeline does: the real binary, in throw-away worlds.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too; clippy only knows the functions marked so")]

mod applying;
mod cloud;
mod identity;
mod images;
mod sandbox;
mod starting;
