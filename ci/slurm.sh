#!/usr/bin/env bash
# Runs experiments on a real Slurm: a cluster of four nodes on this machine, begun for this and stopped at the end. Records that many
# tasks made, some of them killed, must have the bytes of those that one plain run makes.
#
#   ci/slurm.sh [--install] [arrays|kills|again]...      all three by default
#
#   arrays    `nb201-micro`: an array of trainings, an array of four parts of the scores, and the record
#   kills     zero-shot scores of 300 architectures in seven parts. One task is requeued while it runs, the programs of two others are
#             killed (SIGKILL), and one node is lost: its task is begun on another node, while the program on the lost node still writes
#   again     the same spec: one of seven tasks is cancelled, so that Slurm gives up the record. The spec is then submitted again, in five
#             parts, which find what the others did
#
# Needs root, and Slurm with munge. `--install` installs them from Debian's packages. Where something is missing, it says what, and exits
# with 77. The program is `NAS_ASSAY`, or built here. `SLURM_CHECK` is the work folder (a temporary one by default); one that is named is
# kept. Nothing is changed outside it, but for the packages.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { printf 'SKIPPED ci/slurm.sh: %s\n' "$*"; exit 77; }
fail() { printf 'ci/slurm.sh: %s\n' "$*" >&2; exit 1; }
step() { printf '\n== %s\n' "$*"; }

parts=()
install=no
for word in "$@"; do
    case "$word" in
    --install) install=yes ;;
    arrays | kills | again) parts+=("$word") ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
    esac
done
[ ${#parts[@]} -gt 0 ] || parts=(arrays kills again)

[ "$(id -u)" = 0 ] || skip 'not run as root, who begins the daemons of Slurm'
packages=(slurmctld slurmd slurm-client munge)
if [ "$install" = yes ]; then
    command -v apt-get >/dev/null || skip "no apt-get, which --install uses to get ${packages[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}" >/dev/null ||
        skip "apt-get cannot install ${packages[*]}"
fi
missing=()
for command in munged munge slurmctld slurmd sbatch scontrol; do
    command -v "$command" >/dev/null || missing+=("$command")
done
[ ${#missing[@]} = 0 ] || skip "no ${missing[*]}; in Debian they are in the packages ${packages[*]}, which --install installs"

if [ -z "${NAS_ASSAY-}" ]; then
    cargo build --locked --bin nas-assay
    NAS_ASSAY=target/debug/nas-assay
fi
program=$(realpath "$NAS_ASSAY")

work=${SLURM_CHECK:-$(mktemp -d)}
mkdir -p "$work"
work=$(realpath "$work")
[ -z "$(ls -A "$work")" ] || fail "$work is not empty"

# ---- The cluster

export SLURM_CONF=$work/slurm.conf
nodes=(node1 node2 node3 node4)
declare -A daemons

# Processes that have this cluster's configuration in their environment: its daemons, its tasks and what they began.
of_cluster() { grep -lzx "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }

stop_cluster() {
    local rc=$? process
    trap - EXIT
    if [ "$rc" != 0 ]; then
        tail -n 5 "$work"/*.log 2>/dev/null || true
    fi
    # All at once: none of them is asked to save anything.
    for process in $(of_cluster) ${daemons[munged]-}; do kill -KILL "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    [ -n "${SLURM_CHECK-}" ] || rm -rf "$work"
    exit "$rc"
}
trap stop_cluster EXIT
trap 'exit 130' INT TERM

begin() {
    local name=$1
    shift
    "$@" </dev/null >"$work/$name.out" 2>&1 &
    daemons[$name]=$!
    # Its end is looked for where it matters; bash need not announce it.
    disown
}

# Slurm's default ports, and others, may be in use.
free_ports() {
    local base port
    for base in $(seq 17000 10 17990); do
        for port in $(seq "$base" $((base + ${#nodes[@]}))); do
            ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue 2
        done
        echo "$base"
        return
    done
    fail 'no five ports from 17000 are free'
}

# Each node is a slurmd with a name and a port of its own, and claims one CPU, whatever the machine has. Without systemd, or with control
# groups that cannot be written, Slurm can still follow processes by their parents. A task that is begun again waits for the lifetime of a
# credential, which is 120 s by default.
configure() {
    local host port
    host=$(hostname -s)
    port=$(free_ports)
    (umask 077 && head -c 1024 /dev/urandom >"$work/munge.key")
    cat >"$work/slurm.conf" <<CONF
ClusterName=nas-assay
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool-%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
JobRequeue=1
KillWait=2
MinJobAge=86400
NodeName=node[1-${#nodes[@]}] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + ${#nodes[@]}))] CPUs=1
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
}

begin_cluster() {
    local begun=$SECONDS node
    configure
    # `--force`: a temporary folder is closed to other users, who have nothing to do here.
    begin munged munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
        --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munge.seed"
    wait_until 'munged answers' munged_answers
    begin slurmctld slurmctld -D
    for node in "${nodes[@]}"; do begin "$node" slurmd -D -N "$node"; done
    until [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" = ${#nodes[@]} ]; do
        [ $((SECONDS - begun)) -lt 60 ] || { cat "$work"/*.out; fail 'the nodes are not idle after a minute'; }
        sleep 0.2
    done
    printf '%s: %s nodes of one CPU each are idle after %s s\n' "$(slurmd -V)" ${#nodes[@]} $((SECONDS - begun))
}

# ---- Experiments

# Names `task job node`, such as `17_3 20 node2`, of running tasks of scores whose program has begun.
running() {
    local task job node
    squeue -h -r -t R -n nas-assay-scores -o '%i %A %N' | while read -r task job node; do
        [ -z "$(program_of "$job" "$node")" ] || echo "$task $job $node"
    done
}

# The program that a node runs for a job.
program_of() {
    local process
    for process in $(of_cluster); do
        [ "$(cat "/proc/$process/comm" 2>/dev/null)" = "${program##*/}" ] || continue
        ! has "$process" "SLURM_JOB_ID=$1" || ! has "$process" "SLURMD_NODENAME=$2" || echo "$process"
    done
}

has() { grep -qzx "$2" "/proc/$1/environ" 2>/dev/null; }

# One running task that was not hurt yet, as `running` names it; with a job, only the task that has its number.
hurt=' '
next_task() {
    local task job node
    for _ in $(seq 1200); do
        while read -r task job node; do
            case "$hurt" in *" $task "*) continue ;; esac
            [ -z "${1-}" ] || [ "$job" = "$1" ] || continue
            echo "$task $job $node"
            return
        done < <(running)
        sleep 0.1
    done
    fail 'no task runs that could be killed'
}

restarts() { scontrol show job "$1" | grep -o 'Restarts=[0-9]*' | cut -d= -f2; }

wait_until() {
    local begun=$SECONDS what=$1
    shift
    until "$@"; do
        [ $((SECONDS - begun)) -lt 120 ] || fail "waited in vain until $what"
        sleep 0.2
    done
}

gone() { [ ! -e "/proc/$1" ]; }
begun_again() { [ "$(restarts "$1")" = 1 ]; }

requeue_one() {
    local task job node process
    read -r task job node < <(next_task)
    hurt+="$task "
    process=$(program_of "$job" "$node")
    scontrol requeue "$task"
    wait_until "the program of $task ends" gone "$process"
    wait_until "$task is requeued" begun_again "$task"
    printf 'task %s was requeued while it ran on %s\n' "$task" "$node"
}

kill_one() {
    local task job node process
    read -r task job node < <(next_task "${1-}")
    hurt+="$task "
    process=$(program_of "$job" "$node")
    kill -KILL "$process"
    wait_until "$task is requeued" begun_again "$task"
    printf 'task %s: its program was killed on %s, and the task went back into the queue\n' "$task" "$node"
}

# Holds the program of a task, so that the task is not over before its node is lost.
pause_one() {
    read -r paused_task paused_job paused_node < <(next_task)
    hurt+="$paused_task "
    paused=$(program_of "$paused_job" "$paused_node")
    kill -STOP "$paused"
}

# The daemon of a node dies, but not the paused program on it. Slurm is told that the node is down and begins the task elsewhere; both write.
lose_node() {
    local other
    kill -KILL "${daemons[$paused_node]}"
    scontrol update nodename="$paused_node" state=down reason='lost'
    wait_until "$paused_task is requeued" begun_again "$paused_task"
    wait_until "$paused_task runs on another node" runs_elsewhere "$paused_task" "$paused_job" "$paused_node"
    other=$(squeue -h -r -j "$paused_task" -o %N)
    kill -CONT "$paused"
    printf 'task %s: its node %s was lost, it was begun again on %s, and its program on %s went on\n' \
        "$paused_task" "$paused_node" "$other" "$paused_node"
    wait_until "the program on $paused_node is done" gone "$paused"
    begin "$paused_node" slurmd -D -N "$paused_node"
    scontrol update nodename="$paused_node" state=resume
    wait_until "$paused_node is back" node_is_back "$paused_node"
}

runs_elsewhere() {
    local node
    node=$(squeue -h -r -t R -j "$1" -o %N 2>/dev/null)
    [ -n "$node" ] && [ "$node" != "$3" ] && [ -n "$(program_of "$2" "$node")" ]
}

node_is_back() { [ -n "$(sinfo -h -N -n "$1" -t idle,alloc,mix -o %N)" ]; }

munged_answers() { munge --no-input --socket="$work/munge.socket" >/dev/null 2>&1; }

# Submits what the program prints. The ids of its jobs are in `ids`.
submit() {
    local name=$1 spec=$2 shards=$3
    "$program" plan "$spec" --shards "$shards" --slurm >"$work/$name.sh"
    NAS_ASSAY=$program NAS_ASSAY_STORE=$work/$name-cluster \
        SBATCH_OPTIONS="--output=$work/$name-%j.log --open-mode=append" bash "$work/$name.sh" >"$work/$name.ids"
    cat "$work/$name.ids"
    mapfile -t ids < <(awk '{ print $2 }' "$work/$name.ids")
}

over() { [ -z "$(squeue -h -j "$(IFS=,; echo "${ids[*]}")" 2>/dev/null)" ]; }

# Waits for all jobs. The states of their tasks are then in `states`, one a line, and `again` is how often tasks were begun again.
finish() {
    local begun=$SECONDS id
    again=0
    until over; do
        [ $((SECONDS - begun)) -lt 3600 ] || { squeue -r; fail 'not over after an hour'; }
        sleep 0.5
    done
    states=
    for id in "${ids[@]}"; do
        states+=$(scontrol -o show job "$id" | grep -o 'JobState=[A-Z]*' | cut -d= -f2)$'\n'
        again=$((again + $(scontrol -o show job "$id" | grep -o 'Restarts=[0-9]*' | awk -F= '{ sum += $2 } END { print sum + 0 }')))
    done
}

completed() { grep -cx COMPLETED <<<"$states" || true; }
tasks() { grep -c . <<<"$states"; }
all_completed() { [ "$(completed)" = "$1" ] && [ "$(tasks)" = "$1" ] || fail "of $1 tasks, these were not lost: $(echo $states)"; }

# Compares the record of the cluster with that of a plain run on this machine, which scenarios of one spec share.
compare() {
    local name=$1 spec=$2 alone cluster
    alone=$work/alone-$(basename "$spec" .toml)
    [ -e "$alone" ] || "$program" run "$spec" --quiet --store "$alone" >"$alone.log"
    alone=("$alone"/records/*/record.json)
    cluster=("$work/$name-cluster"/records/*/record.json)
    [ ${#alone[@]} = 1 ] && [ ${#cluster[@]} = 1 ] || fail "$name: not one record each: ${alone[*]} ${cluster[*]}"
    cmp "${alone[0]}" "${cluster[0]}" || fail "$name: the cluster's record is not that of one machine"
    printf 'the record has the bytes of the plain run: sha256 %s\n' "$(sha256sum "${cluster[0]}" | cut -c 1-16)"
}

show_status() { "$program" status "$work/slurm-300.toml" --store "$work/$1-cluster" | sed 's/^/    /'; }

table=$(printf '%-8s %6s %10s %7s  %s' scenario tasks restarts wall record)
row() { table+=$'\n'$(printf '%-8s %6s %10s %5s s  %s' "$1" "$2" "$3" "$4" 'same bytes'); }

run_arrays() {
    local begun=$SECONDS ids states wall
    submit arrays nb201-micro 4
    finish
    wall=$((SECONDS - begun))
    # Two trainings, the supernet and two rows of the truth; four parts of scores; the record.
    all_completed 7
    compare arrays nb201-micro
    row arrays "$(tasks)" "$again" "$wall"
}

# 300 distinct architectures; about a minute on one core.
zero_shot_spec() {
    cat <<SPEC
name = "slurm-300"
space = "nb201"

[images.synthetic]
seed = 1
resolution = 32
train = 256
validation = 64

[truth.none]

[zero-shot]
network = { channels = 4, cells = 1 }
batch = 64
batches = 1
seeds = [20, 2020, 202020]

[panels.sample]
estimators = ["params", "flops", "grad_norm", "snip", "grasp", "synflow", "fisher", "jacob_cov", "relu_logdet", "zico"]
architectures = [
SPEC
    "$program" architectures --space nb201 --count 400 --seed 1 | awk '!seen[$0]++ && ++count <= 300 { print "    \"" $0 "\"," }'
    echo ']'
}

run_kills() {
    local begun=$SECONDS ids states wall
    zero_shot_spec >"$work/slurm-300.toml"
    submit kills "$work/slurm-300.toml" 7
    pause_one
    requeue_one
    kill_one
    # One task has the number of the whole array.
    kill_one "${ids[0]}"
    lose_node
    show_status kills
    finish
    wall=$((SECONDS - begun))
    all_completed 8
    [ "$again" = 4 ] || fail "four tasks were begun again, but Slurm counts $again"
    compare kills "$work/slurm-300.toml"
    row kills "$(tasks)" "$again" "$wall"
}

run_again() {
    local begun=$SECONDS ids states wall task rest first
    zero_shot_spec >"$work/slurm-300.toml"
    submit again "$work/slurm-300.toml" 7
    read -r task rest < <(next_task)
    scancel "$task"
    finish
    first=$(tasks)
    show_status again
    [ "$(completed)" = 6 ] || fail "one task of seven and the record should be lost: $(echo $states)"
    [ -z "$(find "$work/again-cluster/records" -name record.json)" ] || fail 'a record was made without one part of its scores'
    printf 'task %s was cancelled: Slurm cancelled the record too; submitted again after %s s\n' "$task" $((SECONDS - begun))
    submit again "$work/slurm-300.toml" 5
    finish
    wall=$((SECONDS - begun))
    all_completed 6
    compare again "$work/slurm-300.toml"
    row again "$((first + $(tasks)))" 1 "$wall"
}

begin_cluster
for part in "${parts[@]}"; do
    step "$part"
    "run_$part"
done
printf '\n%s\nOn a real Slurm of %s nodes on one machine, passed: %s. Its nodes share one file system, and no network was between them.\n' \
    "$table" ${#nodes[@]} "${parts[*]}"
