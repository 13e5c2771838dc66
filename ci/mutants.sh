#!/usr/bin/env bash
# Mutation testing of the crates of pure mathematics, `criteria` and `spaces`.
#
#   ci/mutants.sh [CRATE [OPTION...]]     every mutant of `criteria`, `spaces` or (without an argument) both; options go to
#                                         cargo-mutants, such as `--re vote` or `--shard 0/4`
#
# What survives is compared with `ci/mutants.txt`, which names each mutant that no test can kill and says why; any other makes this
# script fail.
#
# Needs cargo-mutants (`cargo install cargo-mutants`). With NAS_ASSAY_DATA the tests on real tables meet what survives the others.
set -euo pipefail
cd "$(dirname "$0")/.."

WORK=$PWD/target/mutants
export INSTA_UPDATE=no
if [[ -n ${NAS_ASSAY_DATA:-} ]]; then
    NAS_ASSAY_DATA=$(realpath "$NAS_ASSAY_DATA")
    export NAS_ASSAY_DATA
fi

# Runs cargo-mutants on files of a crate; the arguments after `--` go to the tests. Its exit codes 2 and 3 say that mutants lived or hung.
# Any other failure ends this script: then nothing was tested.
tested() {
    local crate=$1 output=$2 files=$3 code=0
    shift 3
    # Mutants are many and short-lived: their crate is optimised just enough for its tests.
    cargo mutants --package "nas-assay-$crate" --file "$files" --output "$output" --no-shuffle \
        --cargo-arg="--config=profile.dev.package.nas-assay-$crate.opt-level=1" "$@" || code=$?
    case $code in
        0 | 2 | 3) ;;
        *) echo "cargo-mutants failed with exit code $code: nothing was tested" >&2; exit 1 ;;
    esac
}

# Mutates some files of a crate, and runs the tests whose names contain none of the words in `skipped`. Most mutants die without the
# slow tests; only those that do not meet all of them.
mutate() {
    local crate=$1 files=$2 skipped=$3 skip=() all=() word survivors
    shift 3
    for word in $skipped; do skip+=(--skip "$word"); done
    [[ -z ${NAS_ASSAY_DATA:-} ]] || all=(--include-ignored)
    rm -rf "$WORK/quick" "$WORK/slow"
    tested "$crate" "$WORK/quick" "$files" --minimum-test-timeout 10 "$@" -- --lib -- "${skip[@]}" --skip the_space_has_its_counts
    [[ -s $WORK/quick/mutants.out/missed.txt ]] || return 0
    survivors=$(sed 's/[][\\.^$*+?(){}|]/\\&/g; s/.*/^&$/' "$WORK/quick/mutants.out/missed.txt" | paste -sd '|')
    tested "$crate" "$WORK/slow" "$files" --re "$survivors" --minimum-test-timeout 30 -- --lib -- "${skip[@]}" "${all[@]}"
    cat "$WORK/slow/mutants.out/missed.txt" >> "$WORK/$crate.txt"
}

criteria() { mutate criteria 'crates/nas-assay-criteria/src/**' '' "$@"; }

# The tests of one space say nothing of another.
spaces() {
    local each other others
    for each in nb101 nb201 nb301 nds; do
        others=''
        for other in nb101 nb201 nb301 nds; do [[ $other == "$each" ]] || others+=" $other::"; done
        mutate spaces "crates/nas-assay-spaces/src/$each/**" "$others" "$@"
    done
    mutate spaces 'crates/nas-assay-spaces/src/*.rs' '' "$@"
}

# Fails if a mutant of a crate lives that the list does not name. The list leaves out places, which move with every change.
judge() {
    local unlisted
    unlisted=$(grep -vxF -f <(grep '^crates/' ci/mutants.txt) <(sed -E 's/^(crates[^:]*):[0-9]+:[0-9]+: /\1: /' "$WORK/$1.txt") || true)
    printf '\n%s: %d mutants live' "$1" "$(wc -l < "$WORK/$1.txt")"
    if [[ -z $unlisted ]]; then
        printf ', all of them in ci/mutants.txt\n'
    else
        printf '; no test kills these, and ci/mutants.txt does not name them:\n%s\n' "$unlisted"
        return 1
    fi
}

crate=${1:-both}
[[ $# -gt 0 ]] && shift
mkdir -p "$WORK"
status=0
case $crate in
    both) crates=(criteria spaces) ;;
    criteria | spaces) crates=("$crate") ;;
    *) echo "no crate $crate: criteria or spaces" >&2; exit 2 ;;
esac
for each in "${crates[@]}"; do
    : > "$WORK/$each.txt"
    "$each" "$@"
    judge "$each" || status=1
done
exit $status
