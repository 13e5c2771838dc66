#!/bin/sh
# Gives random inputs to everything that nas-assay reads, so many seconds for each target (fuzz/targets).
# usage: ci/fuzz.sh [SECONDS] [TARGET...]   60 seconds and all targets, if not given
# An input that ends in a crash, or takes 20 s or 4 GB, is kept below target/fuzz/found, and the script fails. Inputs that reach new
# code are kept below target/fuzz/corpus, so that the next run goes on from there.
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-60}"
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- specs architectures scores records stages weights images truth authors cifar sweeps nb201_files \
    pickles tfrecords json torch containers

place="$PWD/target/fuzz"
mkdir -p "$place/found"
# The counters that libFuzzer reads. Stable Rust has the pass; only sanitizers need more.
passes="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
passes="$passes -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
machine="$(rustc -vV | sed -n 's/^host: //p')"
(
    cd fuzz
    # With a target named, build scripts are built without the counters.
    RUSTFLAGS="--cfg fuzzing $passes" CARGO_TARGET_DIR="$place" cargo build --release --bins --target "$machine"
)
programs="$place/$machine/release"
NAS_ASSAY_SEEDS="$place/seeds" "$programs/specs"
for target in "$@"; do
    mkdir -p "$place/corpus/$target"
    echo "== $target, $seconds s"
    "$programs/$target" "$place/corpus/$target" "$place/seeds/$target" -max_total_time="$seconds" -timeout=20 \
        -rss_limit_mb=4096 -max_len=65536 -artifact_prefix="$place/found/$target-" -print_final_stats=1 -verbosity=1 \
        2>"$place/$target.log" || { tail -n 60 "$place/$target.log"; exit 1; }
    grep -E "number_of_executed_units|new_units_added|peak_rss" "$place/$target.log"
done
