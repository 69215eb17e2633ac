#!/usr/bin/env bash
# How long a warm `cargo xtask units` takes, against `cargo run` of an empty program and of an empty program with the
# same dependencies (what cargo itself takes to look after them), in the same run, by turns.
# By hand: bash xtask/benches/units.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$PWD

mkdir -p "$work/empty/src"
echo 'fn main() {}' >"$work/empty/src/main.rs"
printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n' >"$work/empty/Cargo.toml"
cargo build --quiet --package xtask-standins
target=${CARGO_TARGET_DIR:-.xtask/target}
"$target/debug/xtask-standin" sample --into "$work/live" >/dev/null
(cd "$work/empty" && env -u CARGO_TARGET_DIR cargo build --quiet)
mkdir -p "$work/same/src"
echo 'fn main() {}' >"$work/same/src/main.rs"
{
    printf '[package]\nname = "same"\nversion = "0.0.0"\nedition = "2024"\n\n'
    sed -n '/^\[dependencies\]/,/^$/p' xtask/Cargo.toml
    sed -n '/^\[profile.dev\]/,/^$/p' Cargo.toml
} >"$work/same/Cargo.toml"
cp Cargo.lock "$work/same/Cargo.lock"
(cd "$work/same" && env -u CARGO_TARGET_DIR cargo build --quiet)
cargo xtask --version >/dev/null

milliseconds() {
    local start end
    start=$(date +%s%N)
    "$@" >/dev/null 2>&1 || true
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
}
empty() { (cd "$work/empty" && env -u CARGO_TARGET_DIR cargo run --quiet); }
same() { (cd "$work/same" && env -u CARGO_TARGET_DIR cargo run --quiet); }
units() { (cd "$here" && cargo xtask --repo "$work/live" units); }
a=0 b=0 c=0
for ((round = 0; round < rounds; round++)); do
    a=$((a + $(milliseconds units)))
    b=$((b + $(milliseconds empty)))
    c=$((c + $(milliseconds same)))
done
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
echo "mean of $rounds rounds: cargo xtask units $((a / rounds)) ms"
echo "cargo run of an empty program $((b / rounds)) ms, ratio $(ratio "$a" "$b")"
echo "cargo run of an empty program with the same dependencies $((c / rounds)) ms, ratio $(ratio "$a" "$c")"
