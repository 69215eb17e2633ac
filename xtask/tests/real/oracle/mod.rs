//! What real terragrunt makes of a configuration is what we say, or we say why it can't be known.
//!
//! `terragrunt render` is asked for every unit of every fixture and for configurations that are made up. It needs neither
//! credentials nor network once dependencies have mock outputs. What it can't evaluate it prints as an empty string and
//! tells on stderr, so an answer counts only where nothing was told about its line.

mod answer;
mod bumped;
mod expressions;
mod fixtures;
mod given;
mod made_up;
mod ours;
mod render;
mod tape;
