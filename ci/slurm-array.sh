#!/usr/bin/env bash
# Submits `nb201-micro` to Slurm: trainings in 2 parts, scores in 4 parts, and the record.
# Made by: nas-assay plan nb201-micro --shards 4 --slurm
# Each task can be submitted again: what is done lies in the store, and is not done twice.
set -euo pipefail

spec=nb201-micro
# The program and the store, which all nodes see under the same path.
program=${NAS_ASSAY:-nas-assay}
store=${NAS_ASSAY_STORE:-.nas-assay}
# Options of sbatch for every task, such as --partition=cpu --time=12:00:00 --cpus-per-task=4 --mem-per-cpu=200M, which is the
# estimate of the memory, and is asked for if there are no options.
read -ra options <<< "${SBATCH_OPTIONS:---mem-per-cpu=200M}"

export NAS_ASSAY_PROGRAM=$program NAS_ASSAY_SPEC=$spec NAS_ASSAY_STORE=$store
run='"$NAS_ASSAY_PROGRAM" run "$NAS_ASSAY_SPEC" --store "$NAS_ASSAY_STORE" --threads "${SLURM_CPUS_PER_TASK:-1}"'
# A task whose program is killed, as it is where memory is short, goes back into the queue, three times at most. It does so itself: once
# a task has failed, Slurm gives up what waits for it, even if it is begun again.
again='|| { code=$?; if [ "$code" = 137 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}" && sleep 60
fi; exit "$code"; }'

submit() {
    local id
    id=$(sbatch --parsable --export=ALL --requeue --kill-on-invalid-dep=yes "${options[@]}" "$@")
    echo "${id%%;*}"
}

training=$(submit --job-name=nas-assay-training --array=1-2 --wrap "$run --shard auto/2 --part training $again")
echo "training $training"
scores=$(submit --dependency="afterok:$training" --job-name=nas-assay-scores --array=1-4 --wrap "$run --shard auto/4 --part scores $again")
echo "scores $scores"
record=$(submit --dependency="afterok:$scores" --job-name=nas-assay-record --wrap "$run $again")
echo "record $record"
