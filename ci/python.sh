#!/usr/bin/env bash
# Tests the Python package together with the program: builds its wheel and installs it beside PyTorch into a new virtual environment
# (target/tools/python), exports networks of every space and form, and runs format, lints, types and tests. These compare the exported
# networks, make the reference vectors of fixtures/pytorch again, and judge the examples by `nas-assay verify --command`.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; "$@"; }
fail() { printf 'ci/python.sh: %s\n' "$*" >&2; exit 1; }

command -v python3 >/dev/null || fail "there is no python3; in Debian it is in the packages python3 and python3-venv"
python3 -c 'import ensurepip' 2>/dev/null ||
    fail "this python3 cannot make a virtual environment; in Debian the package python3-venv is missing"

tools=$PWD/target/tools
rm -rf "$tools/python" "$tools/wheels"
step python3 -m venv "$tools/python"
export PATH="$tools/python/bin:$PATH" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1

# PyTorch's own index has it without CUDA. Where that cannot be reached, the default index has it with CUDA's libraries, which are ten
# times as large; on Linux it cannot be imported without them.
step pip install --index-url https://download.pytorch.org/whl/cpu --retries 0 --timeout 15 torch || step pip install torch
step pip install 'maturin>=1.7,<2'
# The program is the one of `cargo build`: nothing is compiled a second time.
(cd python && step maturin build --locked --profile dev --strip false --compatibility linux --out "$tools/wheels")
step pip install "$(echo "$tools"/wheels/*.whl)[torch,pandas,test]"
step python -c 'import torch; print("PyTorch", torch.__version__)'
# From another folder, so that it is the package of the wheel.
(cd / && step python -c 'import nas_assay, sys; assert nas_assay.__file__.startswith(sys.prefix), nas_assay.__file__')
[ "$(command -v nas-assay)" = "$tools/python/bin/nas-assay" ] || fail "the wheel does not have the program"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for space in nb101 nb201 nb301 nds_resnet nds_resnext_a; do
    case $space in
        nb101 | nb201) own='channels = 4, cells = 1' shared='channels = 4, cells = 1' ;;
        nb301) own='channels = 4, layers = 3' shared='channels = 4, layers = 3, cell-affine = false' ;;
        *) own='width-divisor = 4' shared='width-divisor = 4, cell-affine = false' ;;
    esac
    cat >"$work/$space.toml" <<SPEC
name = 'exported'
space = '$space'
[images.synthetic]
resolution = 8
train = 48
validation = 16
[truth.none]
[zero-shot]
batch = 4
seeds = [1]
network = { $own }
[variants.shared.zero-shot]
form = 'supernet'
network = { $shared }
[panels.all]
estimators = ['params']
architectures = [$(nas-assay architectures --space "$space" --count 20 --seed 1 | sed "s/.*/'&'/" | paste -sd,)]
SPEC
    step nas-assay export --spec "$work/$space.toml" --dtype f64 --out "$work/$space-own"
    step nas-assay export --spec "$work/$space.toml" --variant shared --dtype f64 --out "$work/$space-shared"
    step nas-assay export --spec "$work/$space.toml" --first 5 --out "$work/$space-single"
done
for file in "$work"/*-own/*.safetensors "$work"/*-shared/*.safetensors; do
    nas-assay score --weights "$file" --dtype f64 --json >"${file%.safetensors}.scores.json"
done

cd python
step ruff format --check .
step ruff check .
step mypy
NAS_ASSAY_EXCHANGE=$work step pytest -r s --durations 5 | tee "$work/tests.txt"
# Here everything is there that a test can ask for.
if tail -n 1 "$work/tests.txt" | grep -q skipped; then fail "tests were skipped"; fi
