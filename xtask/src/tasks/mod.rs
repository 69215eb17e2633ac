//! One file, one subcommand, read top to bottom as a story. Tasks join what the repository says and what the tools can do
//! into a queue, and hand it to the executor.

pub mod adopt;
pub mod apply_all;
pub mod build_images;
pub mod bump_tags;
pub mod changes;
pub mod context;
pub mod doctor;
pub mod ecs_task;
pub mod hidden;
pub mod identity;
pub mod images;
pub mod inquiry;
pub mod orders;
pub mod personal;
pub mod profiles;
pub mod pulls;
pub mod ready;
pub mod record;
pub mod rehearse;
pub mod release;
pub mod runs;
pub mod schema;
pub mod select;
pub mod session;
pub mod settle;
pub mod space;
pub mod status;
pub mod units;
mod unproven;
pub mod update;
pub mod verify;
pub mod why;
