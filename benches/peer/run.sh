#!/usr/bin/env bash
# Times the same work in this project and in PyTorch, on the same machine and with the same number of threads.
#
#   benches/peer/run.sh [CASE...]     all cases by default; `benches/peer/run.sh list` prints them
#
# Prints one line per case, with tabs between: name, our milliseconds, their milliseconds, ratio ours/theirs. Each time is the median of
# ROUNDS (default 5) rounds, which alternate between ours and theirs. The time of a round is the median of many runs. THREADS (default 2)
# is the number of threads for cases whose name does not end in it (_t1, _t2). PyTorch and SciPy are installed in a temporary virtual
# environment. The cases tau_* compare with SciPy, the case nb201_step_candle with the same network on Candle's own operations, and a
# case A_over_B compares our case A with our case B.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds="${ROUNDS:-5}"
threads="${THREADS:-2}"
environment="${PEER_ENV:-target/peer-venv}"

cargo build --quiet --bench peer
ours="$(cargo build --quiet --bench peer --message-format=json | grep '"name":"peer"' | grep -o '"executable":"[^"]*"' | tail -n 1 | cut -d'"' -f4)"
if [ "${1:-}" = list ]; then exec "$ours" list; fi
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet torch numpy >&2
fi
if ! "$environment/bin/python" -c 'import scipy' 2> /dev/null; then "$environment/bin/pip" install --quiet scipy >&2; fi

cases=("$@")
if [ ${#cases[@]} -eq 0 ]; then mapfile -t cases < <("$ours" list); fi

middle() { sort -g | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

for case in "${cases[@]}"; do
    count="$threads"
    case "$case" in *_t1) count=1 ;; *_t2) count=2 ;; esac
    mine="" theirs=""
    for _ in $(seq "$rounds"); do
        first="${case/_candle/}"
        mine+="$("$ours" "${first%%_over_*}" "$count")"$'\n'
        case "$case" in
        *_candle*) theirs+="$(CANDLE_NUM_THREADS="$count" "$ours" "$case" "$count")"$'\n' ;;
        *_over_*) theirs+="$("$ours" "${case##*_over_}" "$count")"$'\n' ;;
        *) theirs+="$("$environment/bin/python" benches/peer/peer.py "$case" "$count")"$'\n' ;;
        esac
    done
    a="$(printf '%s' "$mine" | middle)"
    b="$(printf '%s' "$theirs" | middle)"
    printf '%s\t%s\t%s\t%s\n' "$case" "$a" "$b" "$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.3f", a / b }')"
done
