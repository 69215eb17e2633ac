//! One file per subcommand.

pub mod units;
