//! Scripts that submit the parts of a plan: for Slurm, and for Kubernetes.

use std::fmt::Write;

use crate::store::quoted;

/// What a script submits.
#[derive(Debug)]
pub struct Submission<'a> {
    /// The spec, as the command line names it.
    pub spec: &'a str,
    /// The name of the spec.
    pub name: &'a str,
    /// How many parts the trainings have; none if nothing is trained.
    pub trainings: usize,
    /// How many parts the scores have.
    pub shards: usize,
    /// How many megabytes of memory a part needs for each of its threads, by an estimate.
    pub memory: u64,
}

/// What a task does if its program is killed. A job that waits for the success of an array is cancelled as soon as one of its tasks has failed,
/// even if that one is begun again and succeeds; a task that is requeued while it runs has not failed. One task of an array has the number of
/// the whole array, so tasks are named by both.
const AGAIN: &str = r#"# A task whose program is killed, as it is where memory is short, goes back into the queue, three times at most. It does so itself: once
# a task has failed, Slurm gives up what waits for it, even if it is begun again.
again='|| { code=$?; if [ "$code" = 137 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}" && sleep 60
fi; exit "$code"; }'
"#;

/// A script for `bash` that submits an array of trainings, an array of scores after it, and the record after both.
pub fn slurm(submission: &Submission<'_>) -> String {
    let Submission { spec, name, trainings, shards, memory } = submission;
    let word = quoted(spec);
    let mut text = format!(
        "#!/usr/bin/env bash\n\
         # Submits `{name}` to Slurm: {}scores in {shards} parts, and the record.\n\
         # Made by: nas-assay plan {word} --shards {shards} --slurm\n\
         # Each task can be submitted again: what is done lies in the store, and is not done twice.\n\
         set -euo pipefail\n\n\
         spec={word}\n\
         # The program and the store, which all nodes see under the same path.\n\
         program=${{NAS_ASSAY:-nas-assay}}\n\
         store=${{NAS_ASSAY_STORE:-.nas-assay}}\n\
         # Options of sbatch for every task, such as --partition=cpu --time=12:00:00 --cpus-per-task=4 --mem-per-cpu={memory}M, which is the\n\
         # estimate of the memory, and is asked for if there are no options.\n\
         read -ra options <<< \"${{SBATCH_OPTIONS:---mem-per-cpu={memory}M}}\"\n\n\
         export NAS_ASSAY_PROGRAM=$program NAS_ASSAY_SPEC=$spec NAS_ASSAY_STORE=$store\n\
         run='\"$NAS_ASSAY_PROGRAM\" run \"$NAS_ASSAY_SPEC\" --store \"$NAS_ASSAY_STORE\" --threads \"${{SLURM_CPUS_PER_TASK:-1}}\"'\n\
         {AGAIN}\n\
         submit() {{\n    \
             local id\n    \
             id=$(sbatch --parsable --export=ALL --requeue --kill-on-invalid-dep=yes \"${{options[@]}}\" \"$@\")\n    \
             echo \"${{id%%;*}}\"\n\
         }}\n\n",
        if *trainings == 0 { String::new() } else { format!("trainings in {trainings} parts, ") },
    );
    let mut after = String::new();
    if *trainings > 0 {
        let _ = write!(
            text,
            "training=$(submit --job-name=nas-assay-training --array=1-{trainings} --wrap \"$run --shard auto/{trainings} --part training $again\")\n\
             echo \"training $training\"\n"
        );
        "--dependency=\"afterok:$training\" ".clone_into(&mut after);
    }
    let _ = write!(
        text,
        "scores=$(submit {after}--job-name=nas-assay-scores --array=1-{shards} --wrap \"$run --shard auto/{shards} --part scores $again\")\n\
         echo \"scores $scores\"\n\
         record=$(submit --dependency=\"afterok:$scores\" --job-name=nas-assay-record --wrap \"$run $again\")\n\
         echo \"record $record\"\n"
    );
    text
}

/// Indexed jobs: one for the trainings, one for the scores, and one for the record, to be applied one after another.
pub fn kubernetes(submission: &Submission<'_>) -> String {
    let Submission { spec, name, trainings, shards, memory } = submission;
    let mut steps = Vec::new();
    if *trainings > 0 {
        steps.push(("training", *trainings, format!("\"--shard\", \"auto/{trainings}\", \"--part\", \"training\"")));
    }
    steps.push(("scores", *shards, format!("\"--shard\", \"auto/{shards}\", \"--part\", \"scores\"")));
    steps.push(("record", 1, String::new()));
    let mut text = format!(
        "# Runs `{name}` as jobs of Kubernetes, one after another: {}.\n\
         # Made by: nas-assay plan {} --shards {shards} --kubernetes\n\
         # Set the image, and a volume claim that all nodes can write to. Then, since a job does not wait for another:\n",
        steps.iter().map(|(step, ..)| *step).collect::<Vec<_>>().join(", "),
        quoted(spec),
    );
    for (step, ..) in &steps {
        let _ = writeln!(
            text,
            "#   kubectl apply -l step={step} -f FILE && kubectl wait --for=condition=complete --timeout=-1s job -l step={step}"
        );
    }
    let spec = serde_json::Value::String((*spec).to_owned());
    for (step, count, arguments) in steps {
        let separator = if arguments.is_empty() { "" } else { ", " };
        let _ = write!(
            text,
            "---\n\
             apiVersion: batch/v1\n\
             kind: Job\n\
             metadata:\n  name: nas-assay-{step}\n  labels: {{ app: nas-assay, step: {step} }}\n\
             spec:\n  completionMode: Indexed\n  completions: {count}\n  parallelism: {count}\n  backoffLimit: {}\n  \
             template:\n    spec:\n      restartPolicy: OnFailure\n      containers:\n        - name: nas-assay\n          \
             image: IMAGE\n          \
             args: [\"run\", {spec}, \"--store\", \"/store\"{separator}{arguments}]\n          \
             resources: {{ requests: {{ cpu: \"1\", memory: {memory}M }} }}\n          \
             volumeMounts: [{{ name: store, mountPath: /store }}]\n      \
             volumes:\n        - name: store\n          persistentVolumeClaim: {{ claimName: nas-assay-store }}\n",
            2 * count + 4,
        );
    }
    text
}
