#!/usr/bin/env bash
# How long the first `cargo xtask` takes to build, against a crate that depends on aws-config and aws-sdk-sts as they
# come, with the same profile, in the same run. By hand: bash xtask/benches/first-build.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The other crate has the same profile, and nothing of ours.
mkdir -p "$work/other/src"
echo 'fn main() {}' >"$work/other/src/main.rs"
{
    printf '[package]\nname = "other"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\naws-config = "1"\naws-sdk-sts = "1.124"\n\n'
    sed -n '/^\[profile.dev\]/,/^$/p' Cargo.toml
} >"$work/other/Cargo.toml"
cargo fetch --quiet --locked
(cd "$work/other" && cargo fetch --quiet)

seconds() {
    local start end
    start=$(date +%s%N)
    "$@" >/dev/null
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
}
for ((round = 1; round <= rounds; round++)); do
    ours=$(seconds cargo build --quiet --locked --package xtask --bin xtask --target-dir "$work/ours-$round")
    other=$(cd "$work/other" && seconds cargo build --quiet --target-dir "$work/other-$round")
    echo "round $round: xtask ${ours} ms, aws-config + aws-sdk-sts ${other} ms, ratio $(awk "BEGIN { printf \"%.2f\", $ours / $other }")"
    rm -rf "$work/ours-$round" "$work/other-$round"
done
