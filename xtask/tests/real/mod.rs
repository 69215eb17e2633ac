//! Tests against the real programs: terragrunt at both ends of what is supported,
//! aws-vault, terraform and OpenTofu, the AWS CLI, and an AWS on loopback.
//!
//! A claim about one of these programs is proven here or not at all. What a test
//! uses: [`toolbox`] has the programs, [`cloud`] an AWS of the test's own, [`live`]
//! a throw-away infrastructure-live repository with a shell environment around it,
//! and [`gate`] holds an apply in the middle for as long as a test wants.

#![expect(clippy::disallowed_methods, reason = "tests start programs the way a person at a shell does")]

mod api;
mod asked;
mod by_hand;
pub(crate) mod cloud;
mod commands;
mod consent;
mod crash;
mod credentials;
mod ctrl_c;
mod deployer_works;
pub(crate) mod doctor;
mod forged;
pub(crate) mod gate;
mod killed;
mod links;
pub(crate) mod live;
mod lock_timeout;
mod masked;
mod network;
pub(crate) mod operator;
mod oracle;
mod profiles;
mod programs;
mod providers;
mod recipes;
pub(crate) mod shape;
mod shown;
mod sources;
mod stacks;
mod stale;
mod standalone;
mod standalone_applied;
mod standalone_types;
pub(crate) mod terminal;
pub(crate) mod toolbox;
mod tools_work;
mod traps;
mod typed;
mod update;
mod variables;
mod verify;
mod wrong_account;
