#!/bin/sh
# Tries many more cases of damage, kills, failing file systems and several writers than `cargo test` does.
# usage: ci/faults.sh [CASES]   cases for each test, 1000 if not given
set -eu
cd "$(dirname "$0")/.."
NAS_ASSAY_FAULTS="${1:-1000}" exec cargo test --test faults -- --test-threads 1 --nocapture
