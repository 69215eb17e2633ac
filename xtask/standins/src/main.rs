//! Stands in for the outside tools in a rehearsal.

fn main() {}
