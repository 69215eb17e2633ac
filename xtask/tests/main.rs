//! The one integration test binary: a `mod` line for each part, nothing else.

mod real;
mod standins;
mod tidy;
