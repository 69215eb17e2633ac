//! One file, one outside program or service. Nothing here knows the repository; paths, accounts and tags come in as values.

pub mod attempt;
pub mod aws;
pub mod aws_config;
pub mod cache;
pub mod consent;
pub mod credentials;
pub mod deployer;
pub mod endpoint;
pub mod env;
pub mod git;
pub mod guard;
pub mod keys;
pub mod lock;
pub mod machine;
pub mod operator;
pub mod process;
pub mod programs;
pub mod proof;
pub mod shim;
pub mod sts;
pub mod terraform;
pub mod terragrunt;
pub mod tty;
