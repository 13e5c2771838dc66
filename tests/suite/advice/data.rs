//! Advice about the data root, and of claims that lack data.

use super::*;

/// Files of a benchmark with made-up numbers, and a spec that reads them: the images, the table, the spec.
fn benchmark() -> (Vec<u8>, String, String) {
    let images: Vec<u8> =
        (0..30).flat_map(|row| std::iter::once(row % 10).chain((0..3072).map(move |_| row))).collect();
    let table = made_table();
    let digests = [sha256_hex(&images), sha256_hex(table.as_bytes())];
    let spec = real(&[("images/all.bin", &digests[0]), ("truth/table.csv", &digests[1])]);
    (images, table, spec.replace("'snip'", "'params'"))
}

/// The message has two sizes as examples, and both are sizes.
#[test]
fn a_size_of_memory_is_written_as_its_message_says() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    for wrong in ["much", "-1GB", "0", "12 bananas"] {
        let ran = bench.run(&["run", "spec.toml", "--dry-run", &format!("--memory={wrong}")]).exits(2);
        let text = printed(&ran);
        let examples = after(&text, "no size of memory, such as ", &['.', '\n']).to_owned();
        for example in examples.split_whitespace().filter(|word| word.ends_with("GB") || word.ends_with("MB")).take(2) {
            let ran = bench.run(&["run", "spec.toml", "--dry-run", "--memory", example]).exits(0);
            ran.prints("MB of memory at the peak");
        }
    }
}

#[test]
fn a_data_root_that_is_asked_for_is_found_in_each_way() {
    let bench = Bench::new();
    let (images, table, spec) = benchmark();
    bench.write("spec.toml", spec);
    bench.write("my data/images/all.bin", &images);
    bench.write("my data/truth/table.csv", &table);
    let with = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = bench.command(&[&["run", "spec.toml", "--dry-run"], arguments].concat());
        Ran::from(command.envs(variables.iter().copied()).output().unwrap())
    };
    let text = printed(&with(&[], &[]).exits(5));
    let (option, variable) = (after(&text, "give ", &[' ']), after(&text, " or set ", &[';']));
    assert!(text.contains("`nas-assay data list` says what the folder should have"), "{text}");
    bench.run(&["data", "list"]).exits(0).prints("truth/nb201/");
    with(&[option, "my data"], &[]).exits(0);
    with(&[], &[(variable, "my data")]).exits(0);

    // The folder is not the one that the file itself is in.
    std::fs::create_dir(bench.path("empty")).unwrap();
    let text = printed(&with(&["--data-root", "empty"], &[]).exits(5));
    let file = after(&text, "the folder that contains ", &[' ']);
    let place = bench.path("my data").join(file);
    assert!(place.is_file(), "{text}");
    let root = place.ancestors().nth(file.split('/').count()).unwrap().to_str().unwrap();
    let (option, variable) = (after(&text, " with ", &[' ']), after(&text, "--data-root or ", &[' ']));
    with(&[option, root], &[]).exits(0);
    with(&[], &[(variable, root)]).exits(0);
}

#[test]
fn a_file_with_another_digest_is_restored_or_declared() {
    let bench = Bench::new();
    let (images, table, spec) = benchmark();
    bench.write("data/images/all.bin", &images);
    let changed = table.replacen(",10\n", ",11\n", 1);
    assert_ne!(changed, table);
    let run = || bench.run(&["run", "spec.toml", "--data-root", "data", "--dry-run"]);
    bench.write("spec.toml", &spec);
    bench.write("data/truth/table.csv", &changed);
    let text = printed(&run().exits(5).says("restore the file, or declare the new digest"));
    let (found, declared) = (after(&text, "has SHA-256 ", &[',']), after(&text, ", but ", &[' ']));
    bench.write("spec.toml", spec.replace(declared, found));
    run().exits(0);
    bench.write("spec.toml", &spec);
    bench.write("data/truth/table.csv", &table);
    run().exits(0);

    // The digest of a part was declared: it ends before a line break, or after some lines.
    for part in [&table[..table.len() - 1], &table[..=table[..table.len() / 2].rfind('\n').unwrap()]] {
        bench.write("data/truth/table.csv", part);
        bench.write("spec.toml", spec.replace(declared, &sha256_hex(part.as_bytes())));
        run().exits(5).says("truncated: fetch it again, and declare the digest of the whole file");
        bench.write("data/truth/table.csv", &table);
        bench.write("spec.toml", &spec);
        run().exits(0);
    }
}

#[test]
fn what_undecided_claims_ask_for_decides_them_or_is_the_next_step() {
    let bench = Bench::new();
    let outcomes = |arguments: &[&str]| -> Vec<Value> {
        let ran = bench.run(&[&["claims", "--json", "--store", STORE], arguments].concat());
        let said: Value = serde_json::from_str(&ran.stdout).unwrap();
        said["claims"].as_array().unwrap().clone()
    };
    let notes = |outcomes: &[Value]| -> Vec<String> {
        let undecided = outcomes.iter().filter(|outcome| outcome["verdict"] == "undecided");
        undecided.map(|outcome| outcome["note"].as_str().unwrap().to_owned()).collect()
    };
    let (mut runs, mut files) = (BTreeSet::new(), BTreeSet::new());
    for note in notes(&outcomes(&[])) {
        if note.contains("` makes it") {
            runs.extend(quoted(&note));
        } else {
            let (option, variable) = (after(&note, "contains it with ", &[',']), after(&note, "or set ", &[]));
            assert_eq!((option, variable), ("--data-root", "NAS_ASSAY_DATA"), "{note}");
            files.insert(note.split(' ').next().unwrap().to_owned());
        }
    }
    assert!(runs.len() > 4 && files.len() > 4, "{runs:?} {files:?}");
    // The runs are of carried specs, and ask for the data root next.
    for command in &runs {
        follow(&bench, command).exits(5).says("give --data-root DIR or set NAS_ASSAY_DATA");
    }
    // With a data root, files that are not there are asked for by their full path.
    std::fs::create_dir(bench.path("root")).unwrap();
    let asked = notes(&outcomes(&["--data-root", "root"]));
    let makes =
        |note: &String| note.contains("authors_criteria") || note.contains("make it with `nas-assay data import ");
    assert!(asked.iter().filter(|note| note.contains("put the file there")).all(makes), "{asked:?}");
    let asked: BTreeSet<String> = asked
        .iter()
        .filter_map(|note| Some(note.split_once(" is needed but does not exist: put the file there")?.0.to_owned()))
        .collect();
    assert_eq!(asked, files.iter().map(|file| format!("root/{file}")).collect());
    let first = asked.iter().find(|file| file.contains("nb201")).unwrap();
    bench.write(first, "x");
    bench.run(&["claims", "nb201-params", "--data-root", "root"]).exits(5).says(first).says("has SHA-256");
    let ran =
        bench.run(&["claims", "nb201-params", "--store", STORE]).exits(4).says("the notes of the undecided claims");
    assert!(ran.stdout.contains("note      truth/nb201/cifar10-test-200-v1.0-mean.csv is needed"), "{}", ran.stdout);
}

/// The record of a claim is damaged: the run that is named is that of its spec.
#[test]
fn a_damaged_record_of_a_claim_is_answered_with_its_run() {
    let bench = Bench::new();
    let specs: Value = serde_json::from_str(&bench.run(&["specs", "--json"]).exits(0).stdout).unwrap();
    for spec in specs["specs"].as_array().unwrap() {
        let hash = spec["spec"].as_str().unwrap();
        bench.write(&format!("{STORE}/records/{hash}@cpu/record.json"), "damaged");
    }
    let ran = bench.run(&["claims", "--store", STORE]).exits(0).prints("cannot be used");
    for command in commands(&ran) {
        follow(&bench, &command).exits(5).says("give --data-root DIR");
    }
}

#[test]
fn the_command_of_a_report_makes_it_again() {
    let bench = Bench::new();
    let (images, table, on_data) = benchmark();
    bench.write("DIR/images/all.bin", &images);
    bench.write("DIR/truth/table.csv", &table);
    for (spec, more) in [(BASELINES, &[][..]), (&on_data, &["--data-root", "DIR"])] {
        bench.write("FILE.toml", spec);
        bench.run(&[&["run", "FILE.toml"], more].concat()).exits(0);
        let report = bench.run(&["report", "latest"]).exits(0).stdout;
        let command = after(&report, "repeat with: ", &['\n']);
        assert!(command.ends_with(&more.join(" ")), "{command}");
        let first = after(&report, "If the spec is a file of your own, run that file first: ", &['\n']);
        std::fs::remove_dir_all(bench.path(".nas-assay")).unwrap();
        follow(&bench, &format!("{} {}", first.trim_end_matches('.'), more.join(" "))).exits(0);
        let again = follow(&bench, command).exits(0).stdout;
        // All but the lines of when and how it was run.
        let numbers = |report: &str| report.lines().filter(|line| line.starts_with('|')).map(str::to_owned).collect();
        let (before, now): (Vec<String>, Vec<String>) = (numbers(&report), numbers(&again));
        assert!(before.len() > 5 && before == now, "{report}\n{again}");
    }
}
