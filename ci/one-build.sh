#!/usr/bin/env bash
# Checks that `cargo test` uses what `cargo run` has built: every dependency of the program has the same features in both, so that
# none is compiled twice. It builds nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

# Packages and their features, a line each.
features() { cargo tree --locked --prefix none --format '{p} {f}' "$@" | sed -E 's/ \(\*\)//; s/ \(proc-macro\)//' | sort -u; }

run=$(features --package nas-assay --edges normal,build)
test=$(features --workspace --edges all)
twice=$(comm -23 <(printf '%s\n' "$run") <(printf '%s\n' "$test"))
if [ -n "$twice" ]; then
    printf 'compiled twice, since the tests turn on other features (turn them on for the program too, in Cargo.toml):\n%s\n' "$twice" >&2
    exit 1
fi
printf '%d packages of the program, all of them with the features that the tests use\n' "$(wc -l <<<"$run")"
