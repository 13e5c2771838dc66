#!/usr/bin/env bash
# Runs the CUDA engine on a software device: a driver that executes the kernels on the CPU, and checks every access to memory. It shows that
# the kernels are right as functions; it cannot show their speed, nor an order of blocks that only a GPU has.
#
#   SOFTCUDA=PATH/TO/run.sh ci/cuda-software.sh [tests|engines|spaces|counts]...      all four by default
#
#   tests     every device test of the kernels and networks, with all checks on
#   engines   the zero-shot scores of both devices, at 4 GiB of device memory
#   spaces    a small experiment in each space, or in those that SPACES names: on the CPU, on the device, and on it again with three streams
#             and killed in between; the records of the device have the same bytes, and no number is beyond its class against the CPU's.
#             Networks score in double precision: in single precision a ReLU whose input is zero but for rounding can end on either side.
#   counts    what a training step asks of the device, held against a budget
#
# Without SOFTCUDA, or where the compiler and libraries of CUDA cannot be installed, it says so and does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x "${SOFTCUDA-}" ]; then
    printf 'SKIPPED ci/cuda-software.sh: SOFTCUDA does not name a software device\n'
    exit 0
fi
export PROJECT=$PWD SOFTCUDA_WORK=$PWD/target/softcuda
device() { "$SOFTCUDA" "$@"; }
mkdir -p target
if ! device install >target/softcuda-install.log 2>&1; then
    tail -n 3 target/softcuda-install.log
    printf 'SKIPPED ci/cuda-software.sh: the compiler and libraries of CUDA cannot be installed here\n'
    exit 0
fi
work=$SOFTCUDA_WORK/check
mkdir -p "$work"
step() { printf '\n== %s\n' "$*"; "$@"; }

# Runs a command on the device and fails if the device found fault with anything.
without_findings() {
    local log=$work/findings.log rc=0
    "$@" >"$log" 2>&1 || rc=$?
    grep -E '^test result' "$log" || true
    if [ "$rc" != 0 ]; then
        tail -n 60 "$log"
        printf 'failed: %s\n' "$*"
        return 1
    fi
    if grep 'FINDING' "$log"; then
        printf 'the device found fault\n'
        return 1
    fi
}

run_tests() {
    SOFTCUDA_CHECK=2 SOFTCUDA_MEMORY=8G without_findings device test -p nas-assay-kernels --lib
    SOFTCUDA_CHECK=2 SOFTCUDA_MEMORY=8G without_findings device test -p nas-assay-nets --lib -- cuda::
}

run_engines() {
    SOFTCUDA_MEMORY=4G without_findings device test --test engines
}

# The carried miniature of a space, smaller: a short training, twelve architectures.
small_spec() {
    sed -E -e "s/^name = .*/name = \"$1-small\"/" -e 's/^epochs = .*/epochs = 1/' -e 's/^seeds = \[20, .*/seeds = [20]/' \
        -e 's/^verify = .*/verify = 0/' -e 's/^train = .*/train = 512/' -e 's/^validation = .*/validation = 200/' \
        -e 's/^\[panels.all\]$/[panels.all]\nsample = 12/' -e 's/^\[zero-shot\]$/[zero-shot]\nprecision = "f64"/' \
        "fixtures/specs/$1-micro.toml"
}

# One experiment on the CPU and on the device.
compare_space() {
    local space=$1 spec=$work/$1.toml first=$work/$1-first second=$work/$1-second hash records
    rm -rf "$first" "$second"
    small_spec "$space" >"$spec"
    device run run "$spec" --quiet --device cpu --store "$first" >/dev/null
    SOFTCUDA_MEMORY=8G without_findings device run run "$spec" --quiet --device cuda:0 --store "$first"
    # On three streams; killed when the first scores are stored, then finished.
    # (The device's program itself, not the function of this script, gets the signal.)
    SOFTCUDA_MEMORY=8G "$SOFTCUDA" run run "$spec" --quiet --device cuda:0 --jobs 3 --store "$second" >/dev/null 2>&1 &
    local running=$!
    while kill -0 "$running" 2>/dev/null && [ "$(find "$second/stages" -type f 2>/dev/null | wc -l)" -lt 6 ]; do sleep 0.2; done
    kill -KILL "$running" 2>/dev/null || true
    wait "$running" 2>/dev/null || true
    if [ -n "$(find "$second/records" -name record.json 2>/dev/null)" ]; then
        printf 'the run was over before it was killed\n'
        return 1
    fi
    SOFTCUDA_MEMORY=8G without_findings device run run "$spec" --quiet --device cuda:0 --jobs 3 --store "$second"
    hash=$(basename "$(find "$first/records" -maxdepth 1 -name '*@cuda')" @cuda)
    records=(records/"$hash@cuda"/record.json)
    cmp "$first/${records[0]}" "$second/${records[0]}"
    device run diff "${hash:0:12}@cpu" "${hash:0:12}@cuda" --store "$first" | tail -n 3
}

# A number of the last section of a log: launches, or calls of a function.
counted() { awk -v what="$1" -v label="$2" '/^=====/ { on = index($0, label) } on && index($0, what) { print; exit }' "$work/counts.txt"; }

run_counts() {
    local program=$1 launches allocations peak
    rm -f "$work/counts.log"
    SOFTCUDA_LOG=$work/counts.log SOFTCUDA_COUNT=1 SOFTCUDA_MEMORY=8G without_findings device exec "$program" nb201 cuda:0 64 2
    device summary "$work/counts.log" >"$work/counts.txt"
    launches=$(counted 'launches' 'nb201 step 1' | grep -oE '[0-9]+' | head -n 1)
    allocations=$(counted 'cuMemAllocAsync' 'nb201 step 1' | grep -oE '[0-9]+' | head -n 1)
    peak=$(grep -m 1 '===== nb201 step 1' "$work/counts.txt" | grep -oE 'peak [0-9]+' | grep -oE '[0-9]+')
    printf 'one NB201 step: %s launches, %s allocations, a peak of %s bytes\n' "$launches" "$allocations" "$peak"
    counted 'estimate' 'nb201 step 1'
    if [ -n "$(counted 'cuMemcpyHtoD' 'nb201 step 1')$(counted 'cuMemcpyDtoH' 'nb201 step 1')" ]; then printf 'a step copies from or to the host\n'; return 1; fi
    [ "$launches" -le 1200 ] && [ "$allocations" -le 200 ] && [ "$peak" -le 4000000000 ] || { printf 'over budget\n'; return 1; }
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(tests engines spaces counts)
for part in "${parts[@]}"; do
    case "$part" in
    tests) step run_tests ;;
    engines) step run_engines ;;
    spaces)
        step device build
        for space in ${SPACES:-nb201 nb101 nb301 nds_resnet nds_resnext_a}; do step compare_space "$space"; done
        ;;
    counts)
        step device build --bench device
        # shellcheck disable=SC2012
        step run_counts "$(ls -t "$SOFTCUDA_WORK"/target/debug/deps/device-* | grep -v '\.d$' | head -n 1)"
        ;;
    *) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
printf '\nOn a software device, passed: %s. No real GPU has run.\n' "${parts[*]}"
