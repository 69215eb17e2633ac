//! Tests of the real `xtask` against the stand-ins, each in a throw-away repository of its own.
//!
//! [`sandbox`] lays out the repository and the world, [`command`] starts `xtask` in it with an environment made from
//! nothing, [`said`] has all that it said with what differs from run to run taken out by [`redact`], and [`log`] what
//! every stand-in was asked. Whole screens are compared with the files in `snapshots`; to write them anew:
//! `INSTA_UPDATE=always cargo test -p xtask standins`.

#![expect(clippy::disallowed_methods, reason = "a test is no part of xtask, and starts what it tests itself")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too; clippy only knows the functions marked so")]

mod adopt;
mod adopt_next;
mod adopted;
mod apply_all;
mod apply_failures;
mod asked;
mod build_images;
mod builds;
mod bump_killed;
mod bump_places;
mod bump_refusals;
mod bump_tags;
mod changes;
mod clock;
mod command;
mod configurations;
mod crash;
mod credentials;
mod doctor;
mod documents;
mod dry_run;
mod environment;
mod escaped;
mod every_shape;
mod first_hour;
mod foreign;
mod full_disk;
mod git;
mod guards;
mod help;
mod interrupted;
mod journal;
mod later;
mod limits;
mod links;
mod local_docker;
mod log;
mod newer;
mod noise;
mod own_accounts;
mod partitions;
mod profiles;
mod program;
mod provider_cache;
mod recipes;
mod redact;
mod refusals;
mod rehearse;
mod retried;
mod running;
mod runs;
mod said;
mod sandbox;
mod secrets;
mod seeing;
mod selection;
mod sessions;
mod shape_table;
mod shapes;
mod smoke;
mod stale;
mod standalone;
mod standalone_shapes;
mod status;
mod sts;
mod tools;
mod traps;
mod units;
mod unread;
mod unwritable;
mod update;
mod update_asks;
mod verify;
mod waves;
mod why;
