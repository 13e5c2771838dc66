//! How the program behaves beside others: readers that go away, full disks, signals, devices, and stores that are not as usual.

#![cfg(target_os = "linux")]

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileTypeExt;
use std::process::{Child, Command, Stdio};

use super::common::{BASELINES, Bench, Ran, TINY};

/// A pipe whose reader is gone, as stdout or stderr of a child.
fn closed_pipe() -> Stdio {
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let pipe = reader.stdin.take().unwrap();
    reader.wait().unwrap();
    pipe.into()
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[test]
fn a_reader_that_goes_away_ends_nothing_but_the_printing() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    for arguments in
        [&["run", "spec.toml"][..], &["specs"], &["spaces", "--json"], &["report", "latest"], &["store", "size"]]
    {
        let output = bench.command(arguments).stdout(closed_pipe()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!String::from_utf8(output.stderr).unwrap().contains("panicked"), "{arguments:?}");
    }
    // Nobody reads the notes of a run: it still ends.
    bench.write("other.toml", BASELINES.replace("resamples = 20", "resamples = 21"));
    let status = bench.command(&["run", "other.toml"]).stdout(closed_pipe()).stderr(closed_pipe()).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(bench.files(".nas-assay/records").iter().filter(|(name, _)| name.ends_with("record.json")).count(), 2);
    // And an error has no reader: the exit code is left.
    let status = bench.command(&["show", "zz"]).stderr(closed_pipe()).status().unwrap();
    assert_eq!(status.code(), Some(4));
}

#[test]
fn data_that_cannot_be_written_are_an_error() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    for arguments in [&["specs"][..], &["show", "latest"], &["report", "latest"], &["show", "latest", "--json"]] {
        let output = bench.command(arguments).stdout(full()).output().unwrap();
        Ran::from(output).exits(1).says("failed to write to stdout: No space left");
    }
    bench.run(&["report", "latest", "--out", "/dev/full"]).exits(1).says("failed to write /dev/full");
    // Notes are not data.
    let status = bench.command(&["run", "spec.toml"]).stderr(full()).stdout(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn reports_are_written_through_devices_and_pipes_and_into_no_new_folder() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    bench.run(&["report", "latest", "--out", "/dev/null"]).exits(0);
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let text = bench.run(&["report", "latest", "--format", "md", "--out", "/dev/stdout"]).exits(0).stdout;
    assert!(text.starts_with("# "), "{text}");
    bench.run(&["report", "latest", "--out", "no/folder/report.md"]).exits(1).says("no/folder does not exist");
    assert!(!bench.path("no").exists());
}

/// Starts a run and waits until it trains.
fn training(bench: &Bench, program: &mut Command) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = program.current_dir(bench.path("")).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert!(line.contains("device class"), "{line}");
    // The first state of a training is on the disk.
    while child.try_wait().unwrap().is_none()
        && !bench.files(".nas-assay").iter().any(|(name, _)| name.contains(".resume."))
    {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    (child, lines)
}

fn signal(name: &str, child: &Child) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// More epochs than `TINY`, so that a signal comes in time.
fn long_training() -> String {
    TINY.replace("epochs = 8", "epochs = 400").replace("'oneshot_accuracy', ", "")
}

#[test]
fn a_signal_ends_a_run_that_can_be_continued() {
    for (name, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let bench = Bench::new();
        bench.write("spec.toml", long_training());
        // Whoever runs these tests may have told them to ignore signals.
        let program = bench.command(&["run", "spec.toml"]);
        let mut plain = Command::new("env");
        plain.arg("--default-signal").arg(program.get_program()).args(program.get_args());
        let (mut child, lines) = training(&bench, &mut plain);
        signal(name, &child);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{name}");
        let rest: Vec<String> = lines.lines().map(Result::unwrap).collect();
        assert!(rest.iter().any(|line| line.contains("the same command goes on")), "{rest:?}");
        bench.run(&["run", "spec.toml", "--dry-run"]).exits(0).prints("run: no result in the store");
        bench.run(&["store", "check"]).exits(0);
    }
}

/// Scores from a pipe are copied into the store while they come.
#[test]
fn a_signal_during_a_copy_leaves_nothing_of_it() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let bench = Bench::new();
        let program = bench.command(&["verify", "--space", "nb201", "--scores", "-"]);
        let mut plain = Command::new("env");
        plain.arg("--default-signal").arg(program.get_program()).args(program.get_args()).current_dir(bench.path(""));
        plain.env_remove("NAS_ASSAY_DATA").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = plain.spawn().unwrap();
        let mut to = child.stdin.take().unwrap();
        let copied = || bench.files(".nas-assay/scores");
        let wait_for = |count: usize| {
            let begun = std::time::Instant::now();
            while copied().first().map_or(0, |(_, content)| content.len()) < count {
                assert!(begun.elapsed().as_secs() < 60, "nothing is copied: {:?}", copied());
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        };
        to.write_all(b"architecture,score\n").unwrap();
        wait_for(19);
        to.write_all(&b"|none~0|,1\n".repeat(100)).unwrap();
        wait_for(1_119);
        signal(name, &child);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{name}");
        assert_eq!(copied(), [], "{name}");
        drop(to);
        bench.run(&["store", "check"]).exits(0);
    }
}

/// `nohup` asks that the program goes on when its terminal is closed.
#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let bench = Bench::new();
    bench.write("spec.toml", long_training());
    let program = bench.command(&["run", "spec.toml"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
    let (mut child, _lines) = training(&bench, &mut shell);
    signal("-HUP", &child);
    // Time enough for a signal that is not ignored.
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(child.try_wait().unwrap().is_none(), "the run ended");
    signal("-TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn what_a_killed_run_left_is_cleaned_up() {
    let bench = Bench::new();
    bench.write("spec.toml", long_training());
    let (mut child, _lines) = training(&bench, &mut bench.command(&["run", "spec.toml"]));
    bench.write(".nas-assay/stages/scores/.x.json.0123456789ab.tmp", "half");
    bench.run(&["store", "clean"]).exits(1).says("is in use by a run");
    child.kill().unwrap();
    child.wait().unwrap();
    bench.run(&["store", "check"]).exits(0).prints("leftover").prints("store clean");
    bench.run(&["store", "clean"]).exits(0).prints("removed");
    assert!(!bench.run(&["store", "check"]).exits(0).stdout.contains("leftover"));
    bench.run(&["store", "list"]).exits(0).prints("not finished");
    bench.run(&["store", "size"]).exits(0).prints("interrupted trainings");
    let sizes: serde_json::Value =
        serde_json::from_str(&bench.run(&["store", "size", "--json"]).exits(0).stdout).unwrap();
    assert!(
        sizes["kinds"].as_array().unwrap().iter().any(|row| row["kind"] == "resume" && row["bytes"].as_u64() > Some(0))
    );
}

#[test]
fn a_table_of_truth_that_was_stopped_goes_on() {
    let recipe = "name = 'made'\nspace = 'nb201'\narchitectures = 6\nseeds = [1, 2]\n\
        network = { channels = 2, cells = 1 }\n[images.synthetic]\nresolution = 8\ntrain = 64\nvalidation = 20\n\
        [training]\nepochs = 2\nbatch = 16\nlearning-rate = 0.05\n";
    let (straight, stopped) = (Bench::new(), Bench::new());
    straight.write("made.toml", recipe);
    straight.run(&["truth", "made.toml"]).exits(0);
    assert!(!straight.files(".nas-assay").iter().any(|(name, _)| name.contains("truth")), "nothing is left");
    // The table cannot be written: what was trained is kept, and is not trained again.
    stopped.write("made.toml", recipe);
    stopped.run(&["truth", "made.toml", "--out", "no/folder.csv"]).exits(1).says("does not exist");
    assert!(stopped.files(".nas-assay").iter().any(|(name, _)| name.contains("truth/")));
    stopped.run(&["store", "check"]).exits(0);
    stopped.run(&["truth", "made.toml"]).exits(0);
    let table = |bench: &Bench| std::fs::read(bench.path("made.csv")).unwrap();
    assert!(table(&straight) == table(&stopped));
}

/// A pipe in the place of a file of the store is an error, and no endless wait.
#[test]
fn a_pipe_as_a_file_of_the_store_is_said_as_what_it_is() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    let format = bench.path(".nas-assay/FORMAT");
    std::fs::remove_file(&format).unwrap();
    assert!(Command::new("mkfifo").arg(&format).status().unwrap().success());
    bench.run(&["show", "latest"]).exits(1).says("FORMAT: it is not a regular file");
    std::fs::remove_file(&format).unwrap();
    drop(File::create(bench.path(".nas-assay/latest")).unwrap());
    bench.run(&["show", "latest"]).exits(4).says("latest is empty").says("name a record by its hash");
}
