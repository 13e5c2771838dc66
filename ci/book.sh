#!/usr/bin/env bash
# Builds the book of docs/ into target/book. A warning of mdBook is an error. Without an mdbook on PATH, one is built into target/tools.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.5.4
tools=$PWD/target/tools/mdbook
PATH="$tools/bin:$PATH"
if ! mdbook --version 2>/dev/null | grep -q "v$version\$"; then
    cargo install mdbook --version "$version" --locked --root "$tools" --no-default-features --features search
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
mdbook build docs --dest-dir "$PWD/target/book" 2>&1 | tee "$log"
if grep -Eq 'WARN|ERROR' "$log"; then
    echo 'ci/book.sh: mdBook has warnings' >&2
    exit 1
fi
