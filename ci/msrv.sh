#!/usr/bin/env bash
# Checks the Rust version that Cargo.toml declares (`rust-version`), in two steps:
#
#   1. no dependency declares a newer one (needs `jq`);
#   2. the whole workspace compiles with that toolchain, if it is installed (`rustup toolchain install VERSION --profile minimal`).
#
#   ci/msrv.sh [OPTION...]    options replace `--workspace --all-targets` of `cargo check` in step 2
#
# Where the toolchain is missing, the script says so, and the newer toolchain's lint is what remains: clippy's `incompatible_msrv` reads
# `rust-version` and warns of every function of the standard library that is newer, in tests too (`clippy.toml`). CI denies warnings.
# The lint sees functions only. A newer syntax is found by step 2 alone.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)

newer=$(cargo metadata --locked --format-version 1 --filter-platform x86_64-unknown-linux-gnu |
    jq --raw-output '.packages[] | select(.rust_version) | "\(.rust_version) \(.name) \(.version)"' |
    while read -r needed package; do
        newest=$(printf '%s\n%s\n' "$version" "$needed" | sort --version-sort | tail -n 1)
        [ "${newest%.0}" = "${version%.0}" ] || printf '%s needs Rust %s\n' "$package" "$needed"
    done)
if [ -n "$newer" ]; then
    printf 'Cargo.toml declares Rust %s, but:\n%s\n' "$version" "$newer" >&2
    exit 1
fi
printf 'no dependency declares a Rust newer than %s\n' "$version"

installed=$(rustup toolchain list 2>/dev/null | grep -oE "^${version//./\\.}(\.0)?-[^ ]+" | head -n 1 || true)
if [ -z "$installed" ]; then
    printf 'NOT COMPILED with Rust %s: rustup has no such toolchain here\n' "$version"
    exit 0
fi
[ $# -gt 0 ] || set -- --workspace --all-targets
CARGO_TARGET_DIR=target/msrv rustup run "$installed" cargo check --locked "$@"
printf 'compiled with Rust %s\n' "$version"
