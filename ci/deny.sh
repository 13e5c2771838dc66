#!/usr/bin/env bash
# Checks the rules for dependencies (deny.toml): bans, licences and sources. Advisories need a network and are not checked here.
# Installs cargo-deny under target/tools where there is none.
set -euo pipefail
cd "$(dirname "$0")/.."

deny=$(command -v cargo-deny || true)
if [ -z "$deny" ]; then
    deny=$PWD/target/tools/bin/cargo-deny
    [ -x "$deny" ] || cargo install --locked --debug --root target/tools --target-dir target/tools/build cargo-deny@0.20.2
fi
# Its rules are for every platform, so the crates of all platforms have to be there.
cargo fetch --locked --quiet
"$deny" --offline check bans licenses sources
