//! One file per outside program or service.

pub mod aws_config;
