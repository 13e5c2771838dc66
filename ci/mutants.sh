#!/usr/bin/env bash
# Mutation testing of the floors of pure mathematics, `criteria` and `space`.
#
#   ci/mutants.sh [FLOOR [OPTION...]]     every mutant of `criteria`, `space` or (without an argument) both; options go to
#                                         cargo-mutants, such as `--re vote` or `--shard 0/4`
#
# A mutant of the whole package would cost a build of the whole package. These floors need nothing below them, so they are laid out as
# packages of their own under `target/mutants`, where a mutant costs two to three seconds. What survives is compared with
# `ci/mutants.txt`, which names each mutant that no test can kill and says why; any other makes this script fail.
#
# Needs cargo-mutants (`cargo install cargo-mutants`). With NAS_ASSAY_DATA the tests on real tables run too, as in `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."

WORK=$PWD/target/mutants
export INSTA_UPDATE=no
if [[ -n ${NAS_ASSAY_DATA:-} ]]; then
    NAS_ASSAY_DATA=$(realpath "$NAS_ASSAY_DATA")
    export NAS_ASSAY_DATA
fi

# One section of Cargo.toml, without its title.
section() { awk -v title="[$1]" '/^\[/ { inside = $0 == title; next } inside' Cargo.toml; }

# Its dependencies that these floors use.
needed() { section "$1" | grep -E '^(csv|insta|libm|md-5|proptest|rand_chacha|rayon|serde|serde_json|sha2|strsim|thiserror|toml) ='; }

# A package: its name, the modules that are its own, and (as further arguments) lines of dependencies and of the library.
package() {
    local name=$1 own=$2 dependency=$3 line=$4 folder=$WORK/$1
    rm -rf "$folder/src"
    mkdir -p "$folder/src"
    for module in $own; do cp -r src/"$module"* "$folder/src"; done
    {
        printf '[package]\nname = "%s"\nversion = "0.1.0"\nedition = "2024"\n\n[lib]\ndoctest = false\n\n[workspace]\n\n[dependencies]\n%s\n' "$name" "$dependency"
        needed dependencies
        printf '\n[dev-dependencies]\n'
        needed dev-dependencies
        # Mutants are many and short-lived: they are optimised just enough for the tests (across units not at all), what
        # they depend on for good.
        printf '\n[profile.test]\nopt-level = 1\nlto = "off"\ndebug = false\n\n[profile.test.package."*"]\nopt-level = 3\n'
    } > "$folder/Cargo.toml"
    {
        printf '#![allow(dead_code)]\n%s\n' "$line"
        for module in $own; do printf 'pub mod %s;\n' "$module"; done
        # The one thing that tests of these floors take from another: where a data file is.
        printf '#[cfg(test)]\nmod data {\n    pub mod root {\n        pub fn for_tests(file: &str) -> Option<std::path::PathBuf> {\n'
        printf '            std::env::var_os("NAS_ASSAY_DATA").map(|root| std::path::Path::new(&root).join(file))\n        }\n    }\n}\n'
    } > "$folder/src/lib.rs"
    [[ -f $folder/Cargo.lock ]] || (cd "$folder" && cargo generate-lockfile)
}

# Runs a command of cargo-mutants, whose exit codes 2 and 3 say that mutants lived or hung. Any other failure ends this script: then
# nothing was tested.
tested() {
    local code=0
    "$@" || code=$?
    case $code in
        0 | 2 | 3) ;;
        *) echo "cargo-mutants failed with exit code $code: nothing was tested" >&2; exit 1 ;;
    esac
}

# Mutates some files of a floor, and runs the tests whose names contain none of the words in `skipped`. Most mutants die without the
# slow tests; only those that do not meet all of them.
mutate() {
    local floor=$1 files=$2 skipped=$3 skip=() word survivors
    shift 3
    for word in $skipped; do skip+=(--skip "$word"); done
    rm -rf "$WORK/quick" "$WORK/slow"
    tested env -u NAS_ASSAY_DATA -u NAS_ASSAY_REQUIRE_DATA cargo mutants --dir "$WORK/$floor" --output "$WORK/quick" --in-place \
        --file "$files" --no-shuffle --minimum-test-timeout 10 "$@" -- -- "${skip[@]}" --skip the_space_has_its_counts
    [[ -s $WORK/quick/mutants.out/missed.txt ]] || return 0
    survivors=$(sed 's/[][\\.^$*+?(){}|]/\\&/g; s/.*/^&$/' "$WORK/quick/mutants.out/missed.txt" | paste -sd '|')
    tested cargo mutants --dir "$WORK/$floor" --output "$WORK/slow" --in-place --file "$files" --re "$survivors" --no-shuffle \
        --minimum-test-timeout 30 -- -- "${skip[@]}"
    cat "$WORK/slow/mutants.out/missed.txt" >> "$WORK/$floor.txt"
}

criteria() {
    package above 'seed space' '' ''
    package criteria criteria 'above = { package = "above", path = "../above" }' 'pub use above::{seed, space};'
    : > "$WORK/criteria.txt"
    mutate criteria 'src/criteria/**' '' "$@"
}

# The tests of one space say nothing of another.
space() {
    package space 'seed space' '' ''
    : > "$WORK/space.txt"
    local each other others
    for each in nb101 nb201 nb301 nds; do
        others=''
        for other in nb101 nb201 nb301 nds; do [[ $other == "$each" ]] || others+=" space::$other::"; done
        mutate space "src/space/$each/**" "$others" "$@"
    done
    mutate space 'src/space/*.rs' '' "$@"
}

# Fails if a mutant of a floor lives that the list does not name. The list leaves out places, which move with every change.
judge() {
    local unlisted
    unlisted=$(grep -vxF -f <(grep '^src/' ci/mutants.txt) <(sed -E 's/^(src[^:]*):[0-9]+:[0-9]+: /\1: /' "$WORK/$1.txt") || true)
    printf '\n%s: %d mutants live' "$1" "$(wc -l < "$WORK/$1.txt")"
    if [[ -z $unlisted ]]; then
        printf ', all of them in ci/mutants.txt\n'
    else
        printf '; no test kills these, and ci/mutants.txt does not name them:\n%s\n' "$unlisted"
        return 1
    fi
}

floor=${1:-both}
[[ $# -gt 0 ]] && shift
status=0
case $floor in
    both)
        for each in criteria space; do
            "$each"
            judge "$each" || status=1
        done
        ;;
    criteria | space) "$floor" "$@" && judge "$floor" || status=1 ;;
    *) echo "no floor $floor: criteria or space" >&2; exit 2 ;;
esac
exit $status
