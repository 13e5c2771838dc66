#!/usr/bin/env bash
# Everything that a machine with an NVIDIA GPU can show, in one command; its results are left in a folder to keep.
#
#   ci/gpu-check.sh [FOLDER]      target/gpu-check by default
#
#   device tests, the zero-shot scores of both devices, the five miniatures on the GPU with their goldens (`@cuda`) accepted, one of them
#   again in a store of its own with the same bytes, times of training steps beside PyTorch's, and a profile where `nsys` is installed.
#
# A part that fails does not stop the others; the exit code tells. PyTorch is used if `PEER_PYTHON` names a Python that has it.
set -uo pipefail
cd "$(dirname "$0")/.."

folder=${1:-target/gpu-check}
mkdir -p "$folder"
folder=$(realpath "$folder")
export NAS_ASSAY_TEST_DEVICE=${NAS_ASSAY_TEST_DEVICE:-cuda:0}
failed=()

# Runs a part and keeps what it says.
part() {
    local name=$1 begun=$SECONDS
    shift
    printf '== %s: %s\n' "$name" "$*"
    if "$@" >"$folder/$name.log" 2>&1; then
        printf '   done in %s s\n' "$((SECONDS - begun))"
    else
        tail -n 5 "$folder/$name.log"
        failed+=("$name")
    fi
}

{ nvidia-smi || true; git rev-parse HEAD; date -u; } >"$folder/machine.txt" 2>&1
part build cargo build --locked --release --features cuda --bins
part kernels cargo test --locked --features cuda -p nas-assay-kernels --lib -- --test-threads=1
part networks cargo test --locked --features cuda -p nas-assay-nets --lib -- cuda:: --test-threads=1
part engines cargo test --locked --features cuda --test engines
part goldens env INSTA_UPDATE=always cargo test --locked --features cuda --test suite golden -- --test-threads=1
mkdir -p "$folder/golden"
find golden -name '*@cuda*' -exec cp {} "$folder/golden" \;
for store in first second; do
    part "same-bytes-$store" cargo run --locked --release --features cuda -- run nb201-micro --device "$NAS_ASSAY_TEST_DEVICE" \
        --store "$folder/$store" --quiet
done
part same-bytes cmp "$folder"/first/records/*@cuda/record.json "$folder"/second/records/*@cuda/record.json
part bench-build cargo bench --locked --features cuda --no-run --bench device
program=$(find target/release/deps -name 'device-*' -type f -perm -u+x -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
for case in nb201 nb101 nb301 nds_resnet nds_resnext_a; do
    part "step-$case" "$program" "$case" "$NAS_ASSAY_TEST_DEVICE" 64 51
    [ -z "${PEER_PYTHON-}" ] || part "pytorch-$case" "$PEER_PYTHON" benches/peer/count.py "$case" 64 --time cuda
done
if command -v nsys >/dev/null; then
    part profile nsys profile --force-overwrite true --output "$folder/nb201" "$program" nb201 "$NAS_ASSAY_TEST_DEVICE" 64 11
fi
rm -rf "$folder/first" "$folder/second"
printf '\nresults are in %s\n' "$folder"
[ ${#failed[@]} -eq 0 ] || { printf 'failed: %s\n' "${failed[*]}"; exit 1; }
