#!/usr/bin/env bash
# Checks the CUDA build on a machine without a GPU.
#
#   ci/check-cuda.sh          type-checks and lints everything with the features `cuda` and `cudnn`, with a stand-in for the compiler
#                             of the kernels: about a minute
#   ci/check-cuda.sh --real   compiles the kernels with NVIDIA's compiler, links, starts the program and the tests, and sees them say that
#                             there is no device: about a quarter of an hour, 1.2 GB of downloads, 3 GB of disk
#
# Neither runs a kernel. Both work in folders of their own under `target`, which can be deleted: what a stand-in compiled must never
# end in a real build.
set -euo pipefail
cd "$(dirname "$0")/.."

# The architecture that kernels are compiled for: 8.0, the oldest on which all of Candle's kernels exist.
export CUDA_COMPUTE_CAP=80

# NVIDIA's compiler and libraries: wheels that go together, without what they would draw in.
WHEELS=(
    nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-runtime==13.0.96
    nvidia-cuda-cccl==13.0.85 nvidia-curand==10.4.0.35 nvidia-cuda-nvrtc==13.0.88 nvidia-cublas==13.1.0.3
)

step() { printf '\n== %s\n' "$*"; "$@"; }

# Makes a folder the only CUDA toolkit that a build can find.
use_toolkit() {
    export CUDA_HOME=$1 CUDA_PATH=$1 CUDA_ROOT=$1 CUDA_TOOLKIT_ROOT_DIR=$1 NVCC=$1/bin/nvcc PATH="$1/bin:$PATH"
}

type_check() {
    local work=$PWD/target/cuda-check
    mkdir -p "$work/toolkit/bin"
    install -m 755 ci/stub-nvcc "$work/toolkit/bin/nvcc"
    use_toolkit "$work/toolkit"
    export CARGO_TARGET_DIR=$work/build
    step cargo clippy --locked --workspace --all-targets --features cuda -- -D warnings
    step cargo clippy --locked --workspace --all-targets --features cudnn -- -D warnings
}

# Installs the compiler and lays it out as a toolkit is: `lib64`, and libraries under their plain names.
install_toolkit() {
    local wheels=$1 toolkit=$2 library
    [ -x "$toolkit/bin/nvcc" ] || step python3 -m pip install --quiet --no-deps --target "$wheels" "${WHEELS[@]}"
    ln -sfn lib "$toolkit/lib64"
    for library in "$toolkit"/lib/lib*.so.*; do
        ln -sf "$(basename "$library")" "${library%%.so.*}.so"
    done
}

# Builds a driver's library for the functions that the compiled crates want of one.
build_driver() {
    local folder=$1 crates=$2
    mkdir -p "$folder"
    nm --undefined-only --no-sort "$crates"/*.rlib 2>/dev/null | awk '/^ *U cu[A-Z]/ { print $2 }' | sort -u |
        grep -vE '^cuGetError(Name|String)$' | sed 's/.*/ABSENT(&)/' >"$folder/wanted.h"
    printf 'a driver of %s functions\n' "$(wc -l <"$folder/wanted.h")"
    cc -shared -fPIC -Wall -Werror -I "$folder" -Wl,-soname,libcuda.so.1 -o "$folder/libcuda.so.1" ci/stub-libcuda.c
    ln -sf libcuda.so.1 "$folder/libcuda.so"
}

# Sees the program exit with a code and say something on the way.
expect() {
    local code=$1 text=$2 status=0 said
    shift 2
    said=$("$@" 2>&1) || status=$?
    printf '\n== %s\n%s\nexit code %s\n' "$*" "$said" "$status"
    [ "$status" = "$code" ] || { printf 'expected exit code %s\n' "$code"; return 1; }
    grep -qF "$text" <<<"$said" || { printf 'expected: %s\n' "$text"; return 1; }
}

real_build() {
    local work=$PWD/target/cuda-real toolkit driver program
    toolkit=$work/wheels/nvidia/cu13 driver=$work/driver program=$work/build/debug/nas-assay
    install_toolkit "$work/wheels" "$toolkit"
    use_toolkit "$toolkit"
    # Nothing is measured, so nothing of ours is optimised.
    export CARGO_TARGET_DIR=$work/build CARGO_PROFILE_DEV_OPT_LEVEL=0
    step nvcc --version
    step cargo build --locked --features cuda --lib
    step build_driver "$driver" "$work/build/debug/deps"
    export LIBRARY_PATH=$driver LD_LIBRARY_PATH=$driver:$toolkit/lib
    step cargo build --locked --features cuda
    expect 0 cuda:N "$program" run --help
    expect 6 'no CUDA-capable device is detected' \
        "$program" run nb201-micro --device cuda:0 --store "$work/store"
    expect 101 'is tested on a GPU: failed to open cuda:0: no CUDA-capable device is detected' \
        cargo test --locked -p nas-assay-kernels --features cuda --lib -- cuda:: --nocapture
}

case "${1-}" in
'') type_check ;;
--real) real_build ;;
*) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
printf '\nchecked without a GPU: no kernel has run\n'
