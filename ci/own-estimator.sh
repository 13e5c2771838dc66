#!/usr/bin/env bash
# Builds examples/own-estimator as its users do, from a copy outside this repository, and judges its estimator in two spaces: by the
# library, and by the program that has it in it.
set -euo pipefail
cd "$(dirname "$0")/.."

here=$PWD
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r examples/own-estimator/. "$copy"
sed -i "s#path = \"../..\"#path = \"$here\"#" "$copy/Cargo.toml"
cp Cargo.lock "$copy"
export CARGO_TARGET_DIR=${OWN_ESTIMATOR_TARGET:-$here/target/own-estimator}
cd "$copy"

step() { printf '\n== %s\n' "$*"; "$@"; }
step cargo run --bin judge nb201 nds_resnext_a | tee judged.txt
[ "$(grep -c '^grad_l1 in miniature' judged.txt)" = 2 ]
grep -q 'nds_resnext_a' judged.txt
step cargo run -- estimators grad_l1
# What the library has judged is in the store: the program finds it there.
step cargo run -- verify --estimator grad_l1 --space nb201
if cargo run -- verify --estimator grad_l2 --space nb201; then exit 1; else [ $? = 2 ]; fi
