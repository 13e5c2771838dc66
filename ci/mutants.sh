#!/usr/bin/env bash
# Mutation testing: small changes to the code, each of which has to fail some test.
#
#   ci/mutants.sh [AREA [--sample K/N] [OPTION...]]
#
# AREA is one of those below, or `all` (also without an argument). `--sample 0/5` takes every fifth mutant, from the first one on, the same
# ones each time; `1/5` takes those after them. Other options go to cargo-mutants, such as `--re vote`.
#
# What survives is compared with `ci/mutants.txt`, which names each mutant that no test can kill and says why; any other makes this
# script fail. `criteria` and `spaces` have been tested whole; of the other areas samples have, of a third to a twelfth of their mutants.
#
# Needs cargo-mutants (`cargo install cargo-mutants`). With NAS_ASSAY_DATA the tests on real tables meet what survives the others.
set -euo pipefail
cd "$(dirname "$0")/.."

AREAS=(criteria spaces report schema claims experiment nets)

# Mutants are made in a copy at one place, so that little is compiled anew: neither for the next run, nor in the project's own `target`.
WORK=$PWD/target/mutants
TREE=$WORK/tree
export CARGO_TARGET_DIR=$WORK/build
export INSTA_UPDATE=no
if [[ -n ${NAS_ASSAY_DATA:-} ]]; then
    NAS_ASSAY_DATA=$(realpath "$NAS_ASSAY_DATA")
    export NAS_ASSAY_DATA
fi

# Copies the sources. They get the time of now: what was compiled of another run's mutants is older.
copy_tree() {
    rm -rf "$TREE"
    mkdir -p "$TREE"
    git ls-files --cached --others --exclude-standard -z | tar --create --null --files-from=- --ignore-failed-read \
        | tar --extract --touch --directory "$TREE"
}

# Runs cargo-mutants on files of a package, compiled at a level of optimisation; the arguments after `--` go to the tests. Its exit codes 2
# and 3 say that mutants lived or hung. Any other failure ends this script: then nothing was tested.
tested() {
    local package=$1 level=$2 output=$3 code=0
    shift 3
    rm -rf "$output"
    cargo mutants --dir "$TREE" --in-place --package "$package" --output "$output" --no-shuffle \
        --cargo-arg=--lib --cargo-arg="--config=profile.dev.package.$package.opt-level=$level" "$@" || code=$?
    case $code in
        0 | 2 | 3) ;;
        *) echo "cargo-mutants failed with exit code $code: nothing was tested" >&2; exit 1 ;;
    esac
}

# Mutates some files of a package, and runs its unit tests: at first only those whose names contain a word of `only`, if there is one,
# and none of `slow`. Most mutants die there; those that do not meet the slow tests too. Tests with a word of `never` say nothing of
# these files.
#
# Many mutants are compiled for tests that take moments: `level` is the optimisation that makes both together shortest.
mutate() {
    local area=$1 package=$2 level=$3 files=$4 only=$5 slow=$6 never=$7 word survivors
    local first=() skip=() all=() living=()
    shift 7
    for word in $only; do first+=("$word"); done
    for word in $slow; do first+=(--skip "$word"); done
    for word in $never; do skip+=(--skip "$word"); done
    [[ -z ${NAS_ASSAY_DATA:-} ]] || all=(--include-ignored)
    tested "$package" "$level" "$WORK/quick" --file "$files" --minimum-test-timeout 15 "$@" -- -- "${first[@]}" "${skip[@]}"
    cat "$WORK/quick/mutants.out/caught.txt" "$WORK/quick/mutants.out/timeout.txt" >> "$WORK/$area.killed"
    [[ -s $WORK/quick/mutants.out/missed.txt ]] || return 0
    # Some kinds of mutants pass by `--re`: the files keep others of them out, and the last filter the rest.
    survivors=$(sed 's/[][\\.^$*+?(){}|]/\\&/g; s/.*/^&$/' "$WORK/quick/mutants.out/missed.txt" | paste -sd '|')
    for word in $(cut -d: -f1 "$WORK/quick/mutants.out/missed.txt" | sort -u); do living+=(--file "$word"); done
    cp "$WORK/quick/mutants.out/missed.txt" "$WORK/survivors"
    tested "$package" "$level" "$WORK/slow" "${living[@]}" --re "$survivors" --minimum-test-timeout 60 -- -- "${skip[@]}" "${all[@]}"
    cat "$WORK/slow/mutants.out/"{caught,timeout}.txt | grep -xF -f "$WORK/survivors" >> "$WORK/$area.killed" || true
    grep -xF -f "$WORK/survivors" "$WORK/slow/mutants.out/missed.txt" >> "$WORK/$area.lived" || true
}

criteria() { mutate criteria nas-assay-criteria 1 'crates/nas-assay-criteria/src/**' '' '' '' "$@"; }

# The tests of one space say nothing of another.
spaces() {
    local each other others
    for each in nb101 nb201 nb301 nds; do
        others=''
        for other in nb101 nb201 nb301 nds; do [[ $other == "$each" ]] || others+=" $other::"; done
        mutate spaces nas-assay-spaces 1 "crates/nas-assay-spaces/src/$each/**" '' the_space_has_its_counts "$others" "$@"
    done
    mutate spaces nas-assay-spaces 1 'crates/nas-assay-spaces/src/*.rs' '' the_space_has_its_counts '' "$@"
}

report() { mutate report nas-assay-report 0 'crates/nas-assay-report/src/**' '' 'damage_tests control_character json_keeps' '' "$@"; }

# Whether limits and whole specs are refused is tested in the root package.
schema() {
    local slow='damage_is_refused a_truncated_table a_flipped_bit any_bytes'
    mutate schema nas-assay-schema 0 'crates/nas-assay-schema/src/truth/**' truth:: "$slow" '' "$@"
    mutate schema nas-assay-schema 0 'crates/nas-assay-schema/src/store/**' store:: "$slow" '' "$@"
}

claims() { mutate claims nas-assay 0 'src/claims/**' claims:: '' '' "$@"; }

experiment() {
    local slow='carried_tables every_field a_run_that_failed message_tests every_carried_spec dropout_changes zero_shot_scores'
    mutate experiment nas-assay 0 'src/experiment/**' experiment:: "$slow everything_ averages_of_weights a_variant_is_scored" '' "$@"
}

# The tests of both engines, of all vector instructions and of the design spaces' networks take most of the time.
nets() {
    local slow='a_linear_class instruction_tests rounding_tests both_engines parts_tests nds::tests' part
    for part in images estimator net; do
        mutate nets nas-assay-nets 0 "crates/nas-assay-nets/src/$part/**" "$part::" "$slow" '' "$@"
    done
}

# Fails if a mutant of an area lives that the list does not name. The list leaves out places, which move with every change.
judge() {
    local unlisted
    unlisted=$(grep -vxF -f <(grep -E '^(crates|src)/' ci/mutants.txt) <(sed -E 's/^([^:]*):[0-9]+:[0-9]+: /\1: /' "$WORK/$1.lived") || true)
    printf '\n%s: %d mutants are killed, %d live' "$1" "$(wc -l < "$WORK/$1.killed")" "$(wc -l < "$WORK/$1.lived")"
    if [[ -z $unlisted ]]; then
        printf ', all of them in ci/mutants.txt\n'
    else
        printf '; no test kills these, and ci/mutants.txt does not name them:\n%s\n' "$unlisted"
        return 1
    fi
}

area=${1:-all}
[[ $# -gt 0 ]] && shift
options=()
while [[ $# -gt 0 ]]; do
    if [[ $1 == --sample ]]; then
        options+=(--shard "${2:?--sample takes K/N}" --sharding round-robin)
        shift 2
    else
        options+=("$1")
        shift
    fi
done
case " ${AREAS[*]} all " in
    *" $area "*) ;;
    *) echo "no area $area: ${AREAS[*]} or all" >&2; exit 2 ;;
esac
[[ $area == all ]] || AREAS=("$area")
mkdir -p "$WORK"
copy_tree
status=0
for each in "${AREAS[@]}"; do
    : > "$WORK/$each.killed"
    : > "$WORK/$each.lived"
    "$each" "${options[@]}"
    judge "$each" || status=1
done
exit $status
