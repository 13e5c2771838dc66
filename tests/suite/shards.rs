//! One experiment by many workers: parts of a plan on a shared store, and the scripts that submit them.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use super::common::{BASELINES, Bench, Ran, TINY};
use nas_assay::Store;
use nas_assay::seed::Seed;
use nas_assay::store::workers::{Worker, seconds_now};

/// What one run leaves in the store `one`.
fn straight(bench: &Bench) -> Vec<(String, Vec<u8>)> {
    bench.write("spec.toml", TINY);
    bench.run(&["run", "spec.toml", "--store", "one", "--quiet"]).exits(0);
    bench.results("one")
}

#[test]
fn parts_at_once_and_after_a_kill_make_the_record_of_one_run() {
    let bench = Bench::new();
    let straight = straight(&bench);
    let part = |kind: &str, number: usize, count: usize| {
        let shard = format!("{number}/{count}");
        let mut command = bench.command(&["run", "spec.toml", "--shard", &shard, "--part", kind, "--store", "many"]);
        command.args(["--threads", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    for (kind, count) in [("training", 2), ("scores", 3)] {
        let mut workers: Vec<_> = (1..=count).map(|number| part(kind, number, count)).collect();
        std::thread::sleep(Duration::from_millis(300));
        workers[0].kill().unwrap();
        workers[0].wait().unwrap();
        for worker in &mut workers[1..] {
            assert!(worker.wait().unwrap().success());
        }
        assert!(part(kind, 1, count).wait().unwrap().success());
    }
    let left = bench.run(&["plan", "spec.toml", "--store", "many"]).exits(0).stdout;
    assert!(!left.contains("waits for the supernet"), "{left}");
    bench.run(&["run", "spec.toml", "--store", "many", "--quiet"]).exits(0);
    let mut found = bench.results("many");
    // A write that was killed leaves its temporary file.
    found.retain(|(name, _)| !name.rsplit('/').next().is_some_and(nas_assay::files::is_temporary));
    assert_eq!(found, straight);
}

#[test]
fn a_part_says_what_it_waits_for_and_what_comes_next() {
    let bench = Bench::new();
    bench.write("spec.toml", TINY);
    let run = |arguments: &[&str]| bench.run(&[&["run", "spec.toml"], arguments].concat());
    run(&["--shard", "1/2", "--part", "scores"]).exits(4).says("wait for supernets").says("`--part training`");
    // The command of the advice, for each of the parts that it lists.
    let listed = bench.run(&["plan", "spec.toml", "--shards", "2"]).exits(0).prints("training: ").stdout;
    let trainings = listed.lines().filter(|line| line.contains(" 1 training ")).count();
    for number in 1..=trainings {
        run(&["--shard", &format!("{number}/{trainings}"), "--part", "training"])
            .exits(0)
            .prints(": 1 training and the scores of ");
    }
    let done = run(&["--shard", "1/2"])
        .exits(0)
        .says("hint: when all parts are done, `nas-assay run spec.toml` makes the record");
    assert!(done.stdout.starts_with("part 1/2: "), "{}", done.stdout);
    let json: serde_json::Value = serde_json::from_str(&run(&["--shard", "2/2", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(json["shard"], "2/2");
    run(&[]).exits(0);
    run(&["--part", "scores"]).exits(2);
}

#[test]
fn a_part_that_no_scheduler_names_is_named_as_advised() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    let run = |shard: &str, variables: &[(&str, &str)]| {
        let mut command = bench.command(&["run", "spec.toml", "--shard", shard]);
        Ran::from(command.env_clear().envs(variables.iter().copied()).output().unwrap())
    };
    run("3/2", &[]).exits(2).says("there is no part 3 of 2");
    run("x", &[]).exits(2).says("names no part");
    run("auto", &[]).exits(2).says("no scheduler says which part this is").says("name the part, as in 3/8");
    run("3/8", &[]).exits(0);
    let kubernetes = [("JOB_COMPLETION_INDEX", "2")];
    run("auto", &kubernetes).exits(2).says("name the number, as in auto/8");
    run("auto/8", &kubernetes).exits(0).prints("part 3/8");
}

#[test]
fn scores_that_differ_are_made_again_without_the_wrong_file() {
    let bench = Bench::new();
    let straight = straight(&bench);
    let run = |shard: &str| bench.run(&["run", "spec.toml", "--shard", shard, "--store", "many", "--quiet"]);
    run("1/2").exits(0);
    let store = Store::open(bench.path("many")).unwrap();
    let right = store.partial_scores().unwrap().remove(0);
    let mut rows: serde_json::Value = store.read_json(&right).unwrap().unwrap();
    rows["rows"][0][0]["score"] = serde_json::json!(0.125);
    rows.as_object_mut().unwrap().remove("seal");
    let wrong = right.with_file_name(right.file_name().unwrap().to_str().unwrap().replace("1-of-2", "2-of-2"));
    store.write_json(&wrong, &rows).unwrap();
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    run("1/2").exits(3).says(&name(&right)).says(&name(&wrong)).says("have different scores of |");
    bench.run(&["run", "spec.toml", "--store", "many"]).exits(3).says("remove its file, and run the spec again");
    std::fs::remove_file(&wrong).unwrap();
    bench.run(&["run", "spec.toml", "--store", "many", "--quiet"]).exits(0);
    assert_eq!(bench.results("many"), straight);
}

#[test]
fn a_cut_is_listed_and_printed_as_json() {
    let bench = Bench::new();
    bench.write("spec.toml", TINY);
    let plan = |arguments: &[&str]| bench.run(&[&["plan", "spec.toml"], arguments].concat()).exits(0).stdout;
    assert_eq!(plan(&[]), bench.run(&["run", "spec.toml", "--dry-run"]).exits(0).stdout);
    let json: serde_json::Value = serde_json::from_str(&plan(&["--shards", "3", "--json"])).unwrap();
    let scores = &json["scores"];
    assert_eq!(scores["parts"].as_array().unwrap().len(), 3);
    let costs = scores["parts"].as_array().unwrap().iter().map(|part| part["multiply_accumulates"].as_f64().unwrap());
    let (sum, most) = (costs.clone().sum::<f64>(), costs.fold(0.0, f64::max));
    let slowest = scores["slowest_over_mean"].as_f64().unwrap();
    assert!((slowest - 3.0 * most / sum).abs() < 1e-12 && slowest >= 1.0, "{slowest}");
    assert!(
        plan(&["--shards", "3"]).contains(&format!("scores: 3 parts, the slowest takes {slowest:.3} times the mean"))
    );
    // What is in the store does not change the cut.
    bench.run(&["run", "spec.toml", "--quiet"]).exits(0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&plan(&["--shards", "3", "--json"])).unwrap(), json);
    assert!(plan(&["--shards", "100"]).contains("and 84 more"));
    let baselines = bench.write("baselines.toml", BASELINES);
    let cut = bench.run(&["plan", baselines.to_str().unwrap(), "--shards", "2"]).exits(0).stdout;
    assert!(cut.contains("training: none") && cut.contains("scores: none"), "{cut}");
}

#[test]
fn the_status_says_what_is_done_and_who_is_at_it() {
    let bench = Bench::new();
    bench.write("spec.toml", TINY);
    let status = || -> serde_json::Value {
        serde_json::from_str(&bench.run(&["status", "spec.toml", "--json"]).exits(0).stdout).unwrap()
    };
    let of_kind = |status: &serde_json::Value, kind: &str| -> Vec<(u64, u64)> {
        let stages = status["stages"].as_array().unwrap().iter().filter(|stage| stage["kind"] == kind);
        stages.map(|stage| (stage["done"].as_u64().unwrap(), stage["of"].as_u64().unwrap())).collect()
    };
    let before = status();
    assert_eq!((of_kind(&before, "supernet"), before["finished"].as_bool()), (vec![(0, 1)], Some(false)));
    assert!(of_kind(&before, "scores").iter().all(|(done, of)| *done == 0 && *of == 48), "{before}");
    let trainings = of_kind(&before, "verify-truth").len() + 1;
    for number in 1..=trainings {
        let shard = format!("{number}/{trainings}");
        bench.run(&["run", "spec.toml", "--shard", &shard, "--part", "training"]).exits(0);
    }
    bench.run(&["run", "spec.toml", "--shard", "1/2"]).exits(0);
    let half = status();
    assert_eq!(of_kind(&half, "supernet"), [(1, 1)]);
    let done = of_kind(&half, "scores");
    // Counts are nobody's part, and of the two groups with networks half is done.
    assert!(done.iter().any(|(done, _)| *done == 0), "{half}");
    assert_eq!(done.iter().filter(|(done, _)| (20..=28).contains(done)).count(), 2, "{half}");
    assert!(half["seconds_left"].is_null(), "nobody is at it");

    // A worker on another machine, and one that was killed there long ago.
    let store = Store::open(bench.path(".nas-assay")).unwrap();
    let now = seconds_now();
    let spec = half["spec"].clone();
    let worker = |process: u32, at: u64| -> Worker {
        serde_json::from_value(serde_json::json!({
            "host": "elsewhere", "process": process, "spec": spec, "name": "tiny", "shard": "2/2", "jobs": 1,
            "doing": "all: zero-shot scores", "done": 3, "of": 24, "began": at, "at": at
        }))
        .unwrap()
    };
    store.give_sign(&worker(7, now)).unwrap();
    store.give_sign(&worker(8, now - 5000)).unwrap();
    let busy = status();
    let workers = busy["workers"].as_array().unwrap();
    assert_eq!((workers[0]["is_dead"].as_bool(), workers[1]["is_dead"].as_bool()), (Some(false), Some(true)));
    assert!(busy["seconds_left"].as_u64().is_some_and(|seconds| seconds < 600), "{busy}");
    let told = bench.run(&["status", "spec.toml"]).exits(0);
    let told = told.prints("elsewhere 7, part 2/2: all: zero-shot scores 3 of 24; running, its last sign was ");
    let told = told.prints("elsewhere 8, part 2/2: all: zero-shot scores 3 of 24; dead, its last sign was 83 min ago");
    assert!(told.stdout.contains("of scores left"), "{}", told.stdout);
    let busy = bench.run(&["store", "clean"]).exits(1).says("is in use by process 7 on elsewhere, whose last sign was");
    busy.says("try again when it has ended");
    store.end_sign(&worker(7, now));
    bench.run(&["store", "clean"]).exits(0).prints("removed 1 file");
    assert_eq!(store.workers().unwrap().len(), 0);

    bench.run(&["run", "spec.toml", "--shard", "2/2"]).exits(0);
    bench.run(&["run", "spec.toml", "--quiet"]).exits(0);
    bench.run(&["status", "spec.toml"]).exits(0).prints("its record is in the store");
    let (record, _) = bench.results(".nas-assay").into_iter().find(|(name, _)| name.ends_with("record.json")).unwrap();
    std::fs::remove_file(bench.path(".nas-assay").join(record)).unwrap();
    bench.run(&["status", "spec.toml"]).exits(0).prints("all is done; `nas-assay run spec.toml` makes the record");
    bench.run(&["run", "spec.toml", "--quiet"]).exits(0);
    bench.run(&["status", "spec.toml"]).exits(0).prints("its record is in the store");
    assert!(of_kind(&status(), "scores").iter().all(|(done, of)| done == of));
}

/// Two machines without a common disk: each has a store, and does parts of both kinds, which are killed at random moments. Their stores are
/// merged after the trainings and after the scores. `NAS_ASSAY_KILLS` says how many are killed.
#[test]
fn two_stores_with_kills_make_the_record_of_one_run() {
    let bench = Bench::new();
    let straight = straight(&bench);
    let kills = std::env::var("NAS_ASSAY_KILLS").map_or(6, |count| count.parse::<usize>().unwrap());
    let mut random = Seed::root(7).child("kills").stream();
    let part = |store: &str, kind: &str, number: usize| {
        let shard = format!("{number}/4");
        let mut command = bench.command(&["run", "spec.toml", "--shard", &shard, "--part", kind, "--store", store]);
        command.args(["--threads", "1", "--quiet"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let store_of = |number: usize| if number <= 2 { "here" } else { "there" };
    let mut killed = 0;
    for (kind, until) in [("training", kills / 2), ("scores", kills)] {
        while killed < until {
            let number = 1 + random.below(4) as usize;
            let mut worker = part(store_of(number), kind, number);
            std::thread::sleep(Duration::from_millis(random.below(400)));
            killed += usize::from(worker.try_wait().unwrap().is_none());
            worker.kill().unwrap();
            worker.wait().unwrap();
        }
        for number in 1..=4 {
            assert!(part(store_of(number), kind, number).wait().unwrap().success());
        }
        for (into, from) in [("here", "there"), ("there", "here")] {
            bench.run(&["store", "merge", from, "--store", into]).exits(0);
        }
    }
    for store in ["here", "there"] {
        bench.run(&["run", "spec.toml", "--store", store, "--quiet"]).exits(0);
        let mut found = bench.results(store);
        found.retain(|(name, _)| !name.rsplit('/').next().is_some_and(nas_assay::files::is_temporary));
        assert_eq!(found, straight, "{store}");
    }
}

/// `sbatch` as far as the script needs it: it runs every task of an array at once, with the variables of Slurm, before it returns.
const SBATCH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
array=0-0 wrapped=
while [ $# -gt 0 ]; do
    case $1 in
        --array=*) array=${1#--array=} ;;
        --wrap) wrapped=$2; shift ;;
        --dependency=afterok:*) grep -qx "${1##*:}" "$JOBS" ;;
        --parsable | --export=ALL | --requeue | --kill-on-invalid-dep=yes | --job-name=* | --comment=*) ;;
        *) echo "sbatch: $1?" >&2; exit 1 ;;
    esac
    shift
done
for task in $(seq "${array%-*}" "${array#*-}"); do
    SLURM_ARRAY_TASK_ID=$task sh -c "$wrapped" >&2
done
wc -l < "$JOBS" | tee -a "$JOBS"
"#;

#[test]
fn the_script_for_slurm_runs_the_experiment() {
    let bench = Bench::new();
    let straight = straight(&bench);
    let script = bench.run(&["plan", "spec.toml", "--shards", "3", "--slurm"]).exits(0).stdout;
    let script = bench.write("submit.sh", script);
    let sbatch = bench.write("bin/sbatch", SBATCH);
    std::fs::set_permissions(&sbatch, std::fs::Permissions::from_mode(0o755)).unwrap();
    let jobs = bench.write("jobs", "");
    let path = format!("{}:{}", bench.path("bin").display(), std::env::var("PATH").unwrap());
    let mut command = std::process::Command::new("bash");
    command.arg(&script).current_dir(bench.path(".")).env("PATH", path).env("JOBS", jobs);
    command.env("NAS_ASSAY", env!("CARGO_BIN_EXE_nas-assay")).env("NAS_ASSAY_STORE", bench.path("many store"));
    command.env("SBATCH_OPTIONS", "--comment=x").env_remove("NAS_ASSAY_DATA");
    let ran = Ran::from(command.output().unwrap()).exits(0);
    assert_eq!(ran.stdout, "training 0\nscores 1\nrecord 2\n");
    assert_eq!(bench.results("many store"), straight);
    // What a task asks for is what the plan says of one job.
    let plan = bench.run(&["run", "spec.toml", "--dry-run", "--jobs", "1", "--json"]).exits(0).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let megabytes = plan["peak_memory"].as_u64().unwrap().div_ceil(1_000_000).next_multiple_of(100);
    let text = std::fs::read_to_string(&script).unwrap();
    assert!(text.contains(&format!("${{SBATCH_OPTIONS:---mem-per-cpu={megabytes}M}}")), "{text}");
}

/// `sbatch`, `scontrol` and a program, for tasks whose program is killed. A task that `scontrol` requeues is killed, and begun again.
const QUEUE: [(&str, &str); 3] = [
    (
        "sbatch",
        r#"#!/usr/bin/env bash
array=0-0
for word in "$@"; do case $word in --array=*) array=${word#--array=} ;; esac; done
for task in $(seq "${array%-*}" "${array#*-}"); do
    SLURM_RESTART_COUNT=0
    while
        SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=$task SLURM_JOB_ID=8 SLURM_RESTART_COUNT=$SLURM_RESTART_COUNT sh -c "${*: -1}"
        printf ', %s. ' $? >> log
        [ -e "requeued-7_$task" ]
    do
        rm "requeued-7_$task"
        SLURM_RESTART_COUNT=$((SLURM_RESTART_COUNT + 1))
    done
done >&2
echo 7
"#,
    ),
    ("scontrol", "#!/bin/sh\n: > \"requeued-$2\"\nexec kill -KILL $PPID\n"),
    (
        "program",
        r#"#!/bin/sh
printf '%s begun %s' "$SLURM_ARRAY_TASK_ID" "$SLURM_RESTART_COUNT" >> log
case "$SLURM_ARRAY_TASK_ID" in
    1) [ "$SLURM_RESTART_COUNT" = 1 ] || kill -KILL $$ ;;
    2) kill -KILL $$ ;;
    3) exit 5 ;;
esac
"#,
    ),
];

#[test]
fn a_task_whose_program_is_killed_goes_back_into_the_queue() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    let script = bench.run(&["plan", "spec.toml", "--shards", "3", "--slurm"]).exits(0).stdout;
    let script = bench.write("submit.sh", script);
    for (name, text) in QUEUE {
        let path = bench.write(&format!("bin/{name}"), text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", bench.path("bin").display(), std::env::var("PATH").unwrap());
    let mut command = std::process::Command::new("bash");
    command.arg(&script).current_dir(bench.path(".")).env("PATH", path).env("NAS_ASSAY", bench.path("bin/program"));
    assert_eq!(Ran::from(command.output().unwrap()).exits(0).stdout, "scores 7\nrecord 7\n");
    let log = std::fs::read_to_string(bench.path("log")).unwrap();
    // The first is killed once, the second always, and the third has an error, which is not tried again. Then the record is made.
    let expected = "1 begun 0, 137. 1 begun 1, 0. 2 begun 0, 137. 2 begun 1, 137. 2 begun 2, 137. 2 begun 3, 137. 3 begun 0, 5. 0 begun 0, 0. ";
    assert_eq!(log, expected);
}

#[test]
fn the_jobs_for_kubernetes_run_the_experiment() {
    let bench = Bench::new();
    let straight = straight(&bench);
    let jobs = bench.run(&["plan", "spec.toml", "--shards", "3", "--kubernetes"]).exits(0).stdout;
    let (_, jobs) = jobs.split_once("---\n").unwrap();
    let field = |job: &str, name: &str| {
        let line = job.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap();
        line.trim().to_owned()
    };
    for job in jobs.split("---\n") {
        let count: usize = field(job, "completions:").parse().unwrap();
        let arguments: Vec<String> = serde_json::from_str(&field(job, "args:")).unwrap();
        let arguments: Vec<&str> =
            arguments.iter().map(|word| if word == "/store" { "many" } else { word.as_str() }).collect();
        for index in 0..count {
            let mut command = bench.command(&arguments);
            Ran::from(command.env("JOB_COMPLETION_INDEX", index.to_string()).output().unwrap()).exits(0);
        }
    }
    assert_eq!(bench.results("many"), straight);
}

#[test]
fn the_templates_are_those_of_the_plan() {
    let bench = Bench::new();
    for (file, option) in [("slurm-array.sh", "--slurm"), ("kubernetes-job.yaml", "--kubernetes")] {
        let made = bench.run(&["plan", "nb201-micro", "--shards", "4", option]).exits(0).stdout;
        let path = format!("ci/{file}");
        if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
            std::fs::write(&path, &made).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), made, "{path}");
    }
}
