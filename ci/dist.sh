#!/usr/bin/env bash
# Builds what can be installed without a compiler, into target/dist: a wheel for pip, an archive with the program, its man pages and
# completions, and their SHA-256. Both hold the same program, for x86-64 Linux with glibc 2.28 or later; no number depends on where it was
# built.
#
#   ci/dist.sh        builds and checks the files
#   ci/dist.sh try    also tries them in a bare Debian, with pip and without; needs root and the package mmdebstrap
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; "$@"; }
fail() { printf 'ci/dist.sh: %s\n' "$*" >&2; exit 1; }

glibc=2.28
dist=$PWD/target/dist tools=$PWD/target/tools/dist
version=$(cargo metadata --no-deps --format-version 1 | python3 -c '
import json, sys
print(next(package["version"] for package in json.load(sys.stdin)["packages"] if package["name"] == "nas-assay"))')
name=nas-assay-$version-x86_64-linux

[ -x "$tools/bin/maturin" ] || { python3 -m venv "$tools" && "$tools/bin/pip" install --quiet 'maturin[zig]>=1.7,<2'; }
export PATH="$tools/bin:$PATH"
rm -rf "$dist"
mkdir -p "$dist/$name"
(cd python && step maturin build --release --locked --zig --compatibility "manylinux_${glibc/./_}" --out "$dist")
wheel=$(echo "$dist"/*.whl)

# The program is the one of the wheel.
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
python3 -m zipfile -e "$wheel" "$unpacked"
program=$dist/$name/nas-assay
install -m 755 "$(find "$unpacked" -path '*/scripts/nas-assay')" "$program"

newest=$(readelf --version-info "$program" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -n 1)
[ "$(printf '%s\n' "$newest" "$glibc" | sort -V | tail -n 1)" = "$glibc" ] || fail "the program needs glibc $newest"
printf '\nneeds glibc %s and: %s\n' "$newest" "$(readelf --dynamic "$program" | grep -o 'Shared library: .*' | grep -o '\[.*\]' | paste -sd' ')"

"$program" man --out "$dist/$name/man"
mkdir "$dist/$name/completions"
for shell in bash zsh fish elvish powershell; do "$program" completions "$shell" >"$dist/$name/completions/nas-assay.$shell"; done
cp README.md CHANGELOG.md LICENSE CITATION.cff "$dist/$name"
# The same bytes for the same commit.
tar --create --gzip --file "$dist/$name.tar.gz" --directory "$dist" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$(git log -1 --format=%ct)" "$name"
(cd "$dist" && sha256sum ./*.whl ./*.tar.gz >SHA256SUMS && cat SHA256SUMS)
[ "${1:-}" = try ] || exit 0

[ "$(id -u)" = 0 ] || fail "a try in a bare Debian needs root"
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing; in Debian it is a package of that name"
bare=$(mktemp -d)
trap 'rm -rf "$unpacked" "$bare"' EXIT
export TMPDIR=${TMPDIR:-/tmp}

# Runs a small experiment with the program $2 in the system of the folder $1, and prints the digest of the record.
try() {
    local root=$1 program=$2
    step chroot "$root" "$program" --version
    chroot "$root" /bin/sh -c "cd /srv && $program run nb201-micro --quiet --store try >/dev/null && sha256sum try/records/*/record.json" |
        tee /dev/stderr | cut -d' ' -f1
}

step mmdebstrap --variant=minbase bookworm "$bare/plain" >/dev/null
tar --extract --gzip --file "$dist/$name.tar.gz" --directory "$bare/plain/opt"
plain=$(try "$bare/plain" "/opt/$name/nas-assay" | tail -n 1)

step mmdebstrap --variant=minbase --include=python3-venv,ca-certificates bookworm "$bare/python" >/dev/null
cp /etc/resolv.conf "$bare/python/etc/resolv.conf"
# A machine behind a registry of its own knows its certificate.
cp /etc/ssl/certs/ca-certificates.crt "$bare/python/etc/ssl/certs/ca-certificates.crt"
[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$bare/python/etc/pip.conf"
cp "$wheel" "$bare/python/srv"
step chroot "$bare/python" /bin/sh -c "python3 -m venv /opt/venv && /opt/venv/bin/pip install --quiet /srv/$(basename "$wheel")"
step chroot "$bare/python" /opt/venv/bin/python -c 'import nas_assay; print("the package", nas_assay.__name__)'
wheels=$(try "$bare/python" /opt/venv/bin/nas-assay | tail -n 1)

# A build of the development profile here makes the same record.
rm -rf "$unpacked/store"
step cargo run --locked --quiet -- run nb201-micro --quiet --store "$unpacked/store" >/dev/null
here=$(sha256sum "$unpacked"/store/records/*/record.json | cut -d' ' -f1)
[ "$plain" = "$here" ] && [ "$wheels" = "$here" ] || fail "records differ: $plain in a bare Debian, $wheels of the wheel, $here here"
printf '\nthe record of nb201-micro is the same in a bare Debian, from the wheel, and of a build here: %s\n' "$here"
