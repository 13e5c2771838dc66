//! Tests of the command line: output, errors and exit codes.

use super::common::{BASELINES, Bench, TINY, with_micro_stages};
use nas_assay::space::Architecture;

#[test]
fn a_run_prints_a_table_and_leaves_a_record() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    let ran = bench.run(&["run", "spec.toml"]).exits(0);
    assert!(ran.stdout.contains("params") && ran.stdout.contains("relu_count"), "{}", ran.stdout);
    let shown = bench.run(&["show", "latest"]).exits(0);
    assert_eq!(shown.stdout, ran.stdout);
    let listed = bench.run(&["show"]).exits(0);
    assert!(listed.stdout.contains("baselines"), "{}", listed.stdout);
}

#[test]
fn a_record_is_named_by_the_first_digits_of_its_hash_or_by_its_spec() {
    let bench = Bench::new();
    bench.write("a.toml", BASELINES);
    bench.write("b.toml", BASELINES.replace("'baselines'", "'other'").replace("resamples = 20", "resamples = 21"));
    bench.run(&["run", "a.toml"]).exits(0);
    bench.run(&["run", "b.toml"]).exits(0);
    let record: serde_json::Value = serde_json::from_str(&bench.run(&["show", "latest", "--json"]).stdout).unwrap();
    assert_eq!(record["name"], "other");
    let hash = record["spec_hash"].as_str().unwrap();
    for digits in [3, 12, 64] {
        let shown = bench.run(&["show", &hash[..digits], "--json"]).exits(0);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown.stdout).unwrap(), record);
    }
    let shown = bench.run(&["show", "other", "--json"]).exits(0).stdout;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), record);
    bench.run(&["report", "other"]).exits(0);
    bench.run(&["diff", "other", "latest"]).exits(0);
    bench.write("c.toml", BASELINES.replace("'baselines'", "'other'").replace("resamples = 20", "resamples = 22"));
    bench.run(&["run", "c.toml"]).exits(0);
    bench
        .run(&["show", "other"])
        .exits(2)
        .says("`other` is the name of 2 records")
        .says("give the hash of one, or `latest`");
    bench.run(&["show", ""]).exits(2).says("the name of a record is empty");
    bench.run(&["show", "zz"]).exits(4).says("no record in .nas-assay is called `zz`");
}

#[test]
fn every_form_of_report_is_written() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    for (form, mark) in [
        ("html", "<!doctype html>"),
        ("md", "| "),
        ("json", "\"spec_hash\""),
        ("csv", "estimator,"),
        ("tex", "\\begin{tabular}"),
    ] {
        let printed = bench.run(&["report", "latest", "--format", form]).exits(0).stdout;
        assert!(printed.to_lowercase().contains(mark), "{form}:\n{printed}");
        bench.run(&["report", "latest", "--out", &format!("report.{form}")]).exits(0);
        assert_eq!(std::fs::read_to_string(bench.path(&format!("report.{form}"))).unwrap(), printed, "{form}");
    }
}

#[test]
fn pages_link_to_every_estimator_of_the_program_and_to_no_other() {
    let links = nas_assay::report::book_links();
    let mut found: Vec<&str> = links.iter().filter_map(|link| link.strip_prefix("estimators/")).collect();
    let suite = nas_assay::Suite::builtin();
    let mut due: Vec<String> = suite.iter().map(|estimator| format!("{}.md", estimator.meta().id)).collect();
    found.sort_unstable();
    due.sort_unstable();
    assert_eq!(found, due);
}

#[test]
fn the_pictures_of_a_report_are_files() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    let write = || bench.run(&["report", "latest", "--figures", "papers/figures"]).exits(0);
    let said = write();
    let names = |folder: &str| -> Vec<String> {
        let files = std::fs::read_dir(bench.path(folder)).unwrap();
        let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let found = names("papers/figures");
    for ending in ["-summary.svg", "-rank.svg"] {
        assert!(found.iter().any(|name| name.ends_with(ending)), "{found:?}");
    }
    let read = || -> Vec<String> {
        found
            .iter()
            .map(|name| std::fs::read_to_string(bench.path(&format!("papers/figures/{name}"))).unwrap())
            .collect()
    };
    let before = read();
    for (name, svg) in found.iter().zip(&before) {
        assert!(said.stderr.contains(name) && svg.starts_with("<?xml") && svg.ends_with("</svg>\n"), "{name}: {svg}");
    }
    write();
    assert_eq!((names("papers/figures"), read()), (found.clone(), before), "the same bytes in the same files");
    bench.write("taken", "");
    bench.run(&["report", "latest", "--figures", "taken"]).exits(1).says("failed to make the folder taken");
    bench.run(&["report", "latest", "--figures", "x", "--format", "md"]).exits(2);
}

#[test]
fn a_report_of_a_hash_alone_runs_the_carried_spec_first() {
    let bench = Bench::new();
    let specs: serde_json::Value = serde_json::from_str(&bench.run(&["specs", "--json"]).exits(0).stdout).unwrap();
    let hash_of = |name: &str| {
        let spec = specs["specs"].as_array().unwrap().iter().find(|spec| spec["name"] == name).unwrap();
        spec["spec"].as_str().unwrap().to_owned()
    };
    let hash = hash_of("nb201-micro");
    with_micro_stages(&bench.path(".nas-assay"));
    let made = bench.run(&["report", &hash[..12], "--format", "json"]).exits(0);
    for said in ["nb201-micro  spec", "peak memory", "record"] {
        assert!(made.stderr.contains(said), "`{said}` is not in\n{}", made.stderr);
    }
    let report: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(report["record"]["spec_hash"], hash.as_str());
    assert!(report["provenance"]["command"].as_str().unwrap().starts_with("nas-assay report"), "{report}");

    // The second time, the record is read from the store, by any of its names.
    for word in [&hash, "nb201-micro", "latest"] {
        let read = bench.run(&["report", word, "--format", "json"]).exits(0);
        assert_eq!((&read.stdout, read.stderr.as_str()), (&made.stdout, ""), "{word}");
    }
    let again = bench.run(&["report", "latest"]).exits(0).stdout;
    assert!(again.contains(&format!("repeat with: nas-assay report {hash}\n")), "{again}");

    // `report` has the same errors as `run`.
    let real = hash_of("nb201-real");
    for word in [&real[..12], "nb201-real"] {
        bench.run(&["report", word]).exits(5).says("v1.0-mean.csv is needed, and no data root was given");
    }
    bench.run(&["report", &real[..12], "--device", "cuda:4096"]).exits(6);
}

#[test]
fn a_report_of_an_unknown_hash_suggests_a_similar_one() {
    let bench = Bench::new();
    bench.run(&["report", ""]).exits(2).says("the name of a record is empty");
    // With more specs than digits, two hashes begin with the same one.
    let specs: serde_json::Value = serde_json::from_str(&bench.run(&["specs", "--json"]).exits(0).stdout).unwrap();
    let first = |spec: &serde_json::Value| spec["spec"].as_str().unwrap()[..1].to_owned();
    let mut digits: Vec<String> = specs["specs"].as_array().unwrap().iter().map(first).collect();
    digits.sort();
    let shared = digits.windows(2).find(|two| two[0] == two[1]).unwrap()[0].clone();
    let ran = bench.run(&["report", &shared]).exits(2).says("begins the hashes of");
    for spec in specs["specs"].as_array().unwrap().iter().filter(|spec| first(spec) == shared) {
        assert!(ran.stderr.contains(spec["name"].as_str().unwrap()), "{}", ran.stderr);
    }
    bench.run(&["report", "nb201-mirco"]).exits(4).says("did you mean").says("`nb201-micro`, the carried spec ");
    bench
        .run(&["report", "zz"])
        .exits(4)
        .says("no record in .nas-assay and no carried spec is called `zz`")
        .says("`nas-assay specs` lists");
    bench.run(&["report", "latest"]).exits(4).says("holds no record yet");
    assert!(bench.files(".nas-assay").is_empty());
}

#[test]
fn two_records_are_compared_number_by_number() {
    let bench = Bench::new();
    bench.write("a.toml", BASELINES);
    bench.write("b.toml", BASELINES.replace("channels = 4", "channels = 5").replace(", 'relu_count'", ""));
    let first = bench.run(&["run", "a.toml", "--json"]).exits(0).stdout;
    let second = bench.run(&["run", "b.toml", "--json"]).exits(0).stdout;
    bench.write("a.json", &first);
    let hash = |text: &str| {
        let record: serde_json::Value = serde_json::from_str(text).unwrap();
        record["spec_hash"].as_str().unwrap().to_owned()
    };
    let (a, b) = (hash(&first), hash(&second));

    let same = bench.run(&["diff", "a.json", &a[..12]]).exits(0).stdout;
    assert!(same.contains("The specs are the same.") && same.contains("No number moved"), "{same}");
    let text =
        bench.run(&["diff", &a[..12], "latest"]).exits(3).says("numbers moved beyond their tolerance class").stdout;
    for told in ["spec.zero-shot.network.channels", "left: 4", "right: 5", "only left, estimators: relu_count"] {
        assert!(text.contains(told), "`{told}` is not in\n{text}");
    }
    let json = bench.run(&["diff", &a, &b, "--json"]).exits(3).stdout;
    let diff: serde_json::Value = serde_json::from_str(&json).unwrap();
    // Wider networks have other counts for all 48 architectures, in the same order.
    let params = &diff["panels"][0]["estimators"][0]["scores"];
    assert_eq!(
        (&params["class"], &params["beyond"], &params["tau"]),
        (&"exact".into(), &48.into(), &1.0.into()),
        "{diff}"
    );

    // A report as JSON contains the record too.
    bench.run(&["report", &a, "--out", "report.json"]).exits(0);
    bench.run(&["diff", "report.json", "a.json"]).exits(0);
    bench.write("damaged.json", &first[..first.len() / 2]);
    bench.run(&["diff", "damaged.json", "a.json"]).exits(5).says("failed to read the record damaged.json");
    bench.run(&["diff", "missing.json", "a.json"]).exits(2).says("failed to read the record missing.json");
    bench.run(&["diff", "latest", "zz"]).exits(4).says("no record in .nas-assay is called `zz`");
}

#[test]
fn a_dry_run_names_every_stage_and_writes_nothing() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    let plan = |ran: super::common::Ran| -> Vec<serde_json::Value> {
        let plan: serde_json::Value = serde_json::from_str(&ran.exits(0).stdout).unwrap();
        plan["stages"].as_array().unwrap().clone()
    };
    let before = plan(bench.run(&["run", "spec.toml", "--dry-run", "--json"]));
    assert_eq!(before.len(), 3);
    assert!(before.iter().all(|stage| stage["action"] == "run" && stage["key"].as_str().unwrap().len() == 64));
    assert!(bench.files(".nas-assay").is_empty());
    bench.run(&["run", "spec.toml"]).exits(0);
    let after = plan(bench.run(&["run", "spec.toml", "--dry-run", "--json"]));
    assert!(after.iter().all(|stage| stage["action"] == "skip"), "{after:?}");

    // Another estimator is one more stage, and the other stages are skipped.
    bench.write("more.toml", BASELINES.replace("'relu_count'", "'relu_count', 'snip'"));
    let more = plan(bench.run(&["run", "more.toml", "--dry-run", "--json"]));
    let actions: Vec<_> = more.iter().map(|stage| stage["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["skip", "skip", "skip", "run"]);
}

#[test]
fn a_spec_that_is_wrong_is_refused_with_its_place() {
    let bench = Bench::new();
    let refused = |text: String, part: &str| {
        bench.write("spec.toml", text);
        bench.run(&["run", "spec.toml"]).exits(2).says(part);
        assert!(bench.files(".nas-assay").is_empty(), "a refused spec left files");
    };
    refused("name = ".to_owned(), "spec.toml:1:8");
    refused(BASELINES.replace("estimators =", "estimator ="), "did you mean `estimators`?");
    refused(BASELINES.replace("'nb201'\n[images", "'nb202'\n[images"), "nb201");
    refused(BASELINES.replace("'flops'", "'flop'"), "`flops`");
    refused(BASELINES.replace("'flops'", "'oneshot_loss'"), "the spec has no [supernet]");
    refused(BASELINES.replace("'flops'", "'params'"), "names params twice");
    refused(
        BASELINES.replace("train = 64", "train = 0"),
        "`images.synthetic.train` is 0, and must be from 2 to 10,000,000",
    );
    refused(BASELINES.replace("train = 64", "train = -4"), "spec.toml:4:9");
    let snip = BASELINES.replace("'flops'", "'snip'").replace("cells = 1 }", "cells = 1 }\nbatch = 65");
    refused(snip, "`zero-shot.batch` asks for 65 training images, and there are 64");
    refused(
        TINY.replace("batch = 20", "batch = 20\nvalidation = 41"),
        "`one-shot.validation` asks for 41 validation images",
    );
    refused(
        BASELINES.replace("[panels.all]", "[panels.all]\nsample = 49"),
        "`panels.all.sample` is 49, and the truth has 48",
    );
    refused(BASELINES.replace("estimators =", "\"a\\u001b[31mb\" ="), "unknown field `a\\u{1b}[31mb`");
    refused(format!("title = \"a\\u202eb\"\n{BASELINES}"), "`title` has the control character \\u{202e}");
    refused(BASELINES.replace("table = 'nb201-micro'", "table = 'nb999'"), "no carried truth table is called `nb999`");
    refused(
        BASELINES.replace("resamples = 20", "fractions = [2.0]"),
        "`criteria.fractions` is 2, and must be above 0 and at most 1",
    );
}

#[test]
fn misspelt_names_are_answered_with_the_right_one() {
    let bench = Bench::new();
    bench.run(&["run", "nb201-mirco"]).exits(2).says("did you mean `nb201-micro`, ");
    bench.run(&["run", "missing.toml"]).exits(2).says("failed to read the spec missing.toml");
    bench.run(&["estimators", "synflwo"]).exits(2).says("synflow");
    bench.run(&["leaderbord"]).exits(2).says("a similar subcommand exists: 'leaderboard'");
    bench.run(&["show", "latest"]).exits(4).says("nas-assay run nb201-micro");
    bench.run(&["run", "nb201-micro", "--device", "gpu"]).exits(2).says("no device is called `gpu`");
    let absent = if cfg!(feature = "cuda") { "nvidia-smi" } else { "built without CUDA" };
    bench.run(&["run", "nb201-micro", "--device", "cuda:4096"]).exits(6).says("failed to open cuda:4096").says(absent);
}

#[test]
fn the_spaces_are_listed() {
    let bench = Bench::new();
    let table = bench.run(&["spaces"]).exits(0);
    for shown in
        ["nb101", "1,312,200", "14,580", "nb201", "15,625", "6,466", "5,260", "nb301", "1.08e18", "sep_conv_3x3"]
    {
        assert!(table.stdout.contains(shown), "{shown} is not in\n{}", table.stdout);
    }
    bench.write("root/truth/nb201/cifar10-test-200-v1.0-mean.csv", "");
    let listed = bench.run(&["spaces", "--json", "--data-root", "root"]).exits(0);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let spaces = listed["spaces"].as_array().unwrap();
    let told: Vec<String> = spaces
        .iter()
        .map(|space| format!("{} {} {} {}", space["id"], space["raw"], space["canonical"], space["exact"]))
        .collect();
    let expected = [
        r#""nb101" 1312200 14580 55854"#,
        r#""nb201" 15625 6466 5260"#,
        r#""nb301" 1076746950455072400 null null"#,
        r#""nds_resnet" 1259712 1259712 1259712"#,
        r#""nds_resnext_a" 11390625 11390625 11390625"#,
        r#""nats_sss" 32768 32768 32768"#,
        r#""tnb101_micro" 4096 null null"#,
        r#""tnb101_macro" 3256 null null"#,
    ];
    assert_eq!(told, expected);
    assert_eq!(
        spaces[1]["data"],
        serde_json::json!([{"path": "truth/nb201/cifar10-test-200-v1.0-mean.csv", "present": true}])
    );
    assert_eq!(spaces[3]["data"], serde_json::json!([{"path": "truth/nds_resnet.csv", "present": false}]));
    assert_eq!(spaces[2]["operations"].as_array().unwrap().len(), 7);
    assert_eq!(spaces[4]["positions"], 12);
    // The text of an architecture can be taken from its line, and it is one of its space.
    let (_, texts) = table.stdout.split_once("an architecture of each, as text\n").unwrap();
    let texts: Vec<(&str, &str)> = texts.lines().map(|line| line.split_once(' ').unwrap()).collect();
    assert_eq!(texts.len(), 8);
    for (space, (id, text)) in spaces.iter().zip(texts) {
        assert_eq!((space["id"].as_str(), space["example"].as_str()), (Some(id), Some(text.trim_start())));
        let architecture = Architecture::parse(id.parse().unwrap(), text.trim_start()).unwrap();
        assert_eq!(architecture.to_string(), text.trim_start());
    }
}

#[test]
fn architectures_are_drawn_listed_and_converted() {
    let bench = Bench::new();
    let drawn = bench.run(&["architectures", "--space", "nb301", "--form", "genotype", "--count", "3"]).exits(0).stdout;
    assert_eq!(drawn.lines().filter(|line| line.starts_with("Genotype(normal=[('")).count(), 3, "{drawn}");
    let other = bench.run(&["architectures", "--space", "nb301", "--form", "genotype", "--count", "3", "--seed", "1"]);
    assert_ne!(other.exits(0).stdout, drawn);

    // There and back again, without a word on the form.
    bench.write("genotypes.txt", &drawn);
    let texts = bench.run(&["architectures", "--space", "nb301", "genotypes.txt"]).exits(0).stdout;
    bench.write("texts.txt", &texts);
    let back = bench.run(&["architectures", "--space", "nb301", "--form", "genotype", "--from", "text", "texts.txt"]);
    assert_eq!(back.exits(0).stdout, drawn);

    let all = bench.run(&["architectures", "--space", "nb201", "--form", "index", "--all"]).exits(0).stdout;
    let mut indices: Vec<usize> = all.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(indices.first(), Some(&1_651));
    indices.sort_unstable();
    assert!(indices.into_iter().eq(0..15_625));

    bench.write("mixed.txt", "none,none,none,none,none,skip\n(0, 0, 0, 0, 0, 1)\n\nzebra\n");
    let mixed = bench
        .run(&["architectures", "--space", "nb201", "mixed.txt"])
        .exits(5)
        .says("mixed.txt, line 2: not an architecture of nb201: `(0, 0, 0, 0, 0, 1)` looks like six numbers of operations")
        .says("mixed.txt, line 3: not an architecture of nb201: the text is empty")
        .says("mixed.txt, line 4: not an architecture of nb201: `zebra` is unlike all of its texts")
        .says("3 of the 4 lines of mixed.txt were not read, and are left out")
        .says("name the form of the lines with `--from FORM`");
    assert_eq!(mixed.stdout, "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|\n");

    bench.run(&["architectures", "--space", "nb301", "--all"]).exits(2).says("too many architectures");
    bench.run(&["architectures", "--space", "nb301"]).exits(2).says("--count");
    bench.run(&["architectures", "--space", "nb301", "--form", "hash", "--count", "1"]).exits(2).says("no form `hash`");
    bench.run(&["architectures", "--space", "darts", "--count", "1"]).exits(2).says("say `nb301`");
    bench.run(&["architectures", "--space", "nb201", "missing.txt"]).exits(5).says("failed to read missing.txt");
}

#[test]
fn a_spec_that_does_not_fit_its_space_is_refused() {
    let bench = Bench::new();
    let refused = |from: &str, to: &str, said: &str| {
        let text = BASELINES.replace(", cells = 1", "").replace(from, to);
        assert!(text.contains(to), "{text}");
        bench.write("spec.toml", &text);
        bench.run(&["run", "spec.toml"]).exits(2).says(said);
    };
    refused("space = 'nb201'", "space = 'nb301'", "which is truth of nb201, not of nb301");
    let layers = "`zero-shot.network.layers` is not a size of the stand-alone network of nb201";
    refused("channels = 4", "layers = 3", layers);
    let supernet = "[supernet]\nsampling = 'iso'\npicker = 'l1'\ntraining = { epochs = 1, batch = 2, learning-rate = 0.1 }\n[panels";
    refused("[panels", supernet, "`supernet.picker` is for spaces with widths to decide");
    let deiso = "[supernet]\nsampling = 'deiso'\ntraining = { epochs = 1, batch = 2, learning-rate = 0.1 }\n[panels";
    let text = BASELINES.replace(", cells = 1", "").replace("'nb201'\n", "'nb301'\n").replace("[panels", deiso);
    bench.write("spec.toml", &text);
    bench.run(&["run", "spec.toml"]).exits(2).says("nb301 has no list of representatives");
}

#[test]
fn estimators_are_listed_and_explained() {
    let bench = Bench::new();
    let all: serde_json::Value = serde_json::from_str(&bench.run(&["estimators", "--json"]).exits(0).stdout).unwrap();
    let ids: Vec<_> = all["estimators"].as_array().unwrap().iter().map(|meta| meta["id"].as_str().unwrap()).collect();
    for id in ["params", "flops", "relu_count", "grad_norm", "snip", "plain", "synflow", "jacob_cov", "relu_logdet"] {
        assert!(ids.contains(&id), "{id} is not in {ids:?}");
    }
    for id in ids {
        let explained = bench.run(&["estimators", id]).exits(0).stdout;
        assert!(explained.contains("formula") && explained.contains("source"), "{explained}");
    }
}

/// A spec on real data: `files` has the name and the digest of the image file and of the truth table.
pub fn real(files: &[(&str, &str)]) -> String {
    let (image, table) = (files[0], files[1]);
    format!(
        "name = 'real'\nspace = 'nb201'\n\
         [images.cifar10]\nfiles = [{{ path = '{}', sha256 = '{}' }}]\ntrain = 20\nvalidation = 10\n\
         [truth.nb201]\nfile = {{ path = '{}', sha256 = '{}' }}\naccuracy = 'cifar10-test-200-v1.0-mean'\nrows = 'all'\n\
         [zero-shot]\nnetwork = {{ channels = 4, cells = 1 }}\nbatch = 8\n\
         [panels.some]\nsample = 3\nestimators = ['snip']\n[criteria]\nresamples = 5\n",
        image.0, image.1, table.0, table.1
    )
}

/// A truth table of the benchmark's encodings, with made-up accuracies.
pub fn made_table() -> String {
    let rows = nas_assay::space::nb201::Architecture::all()
        .map(|architecture| format!("{architecture},{}\n", 10.0 + architecture.index() as f64 / 200.0));
    format!("architecture,cifar10-test-200-v1.0-mean\n{}", rows.collect::<String>())
}

#[test]
fn data_that_are_missing_or_wrong_are_refused() {
    let bench = Bench::new();
    let table = made_table();
    let images: Vec<u8> =
        (0..30).flat_map(|row| std::iter::once(row % 10).chain((0..3072).map(move |_| row))).collect();
    let digest = nas_assay::digest::sha256_hex;
    let (image_digest, table_digest) = (digest(&images), digest(table.as_bytes()));
    let spec = |image: &str| real(&[("images.bin", image), ("table.csv", &table_digest)]);
    let run = |arguments: &[&str]| bench.run(&[&["run", "spec.toml"], arguments].concat());

    bench.write("spec.toml", spec(&image_digest));
    run(&[]).exits(5).says("table.csv is needed, and no data root was given").says("--data-root");
    run(&["--data-root", "data"]).exits(5).says("table.csv").says("not found");
    bench.write("data/table.csv", &table);
    run(&["--data-root", "data"]).exits(5).says("images.bin").says("not found");
    bench.write("data/images.bin", &images[..images.len() - 1]);
    run(&["--data-root", "data"]).exits(5).says(&image_digest);
    let cut = digest(&images[..images.len() - 1]);
    bench.write("spec.toml", spec(&cut));
    run(&["--data-root", "data"]).exits(5).says("truncated");
    assert!(bench.files(".nas-assay").is_empty(), "a refused run left files");

    bench.write("data/images.bin", &images);
    bench.write("spec.toml", spec(&image_digest));
    run(&["--data-root", "data"]).exits(0);
    bench.write("spec.toml", spec(&image_digest).replace("validation = 10", "validation = 11"));
    run(&["--data-root", "data"]).exits(2).says("31 images, and the files hold 30");
    bench.write("data/table.csv", &table[..table.len() / 2]);
    let half = digest(&table.as_bytes()[..table.len() / 2]);
    bench.write("spec.toml", real(&[("images.bin", &image_digest), ("table.csv", &half)]));
    run(&["--data-root", "data"]).exits(5).says("table.csv");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.write(".nas-assay/FORMAT", "99\n");
    for arguments in [&["run", "spec.toml"][..], &["show", "latest"], &["report", "latest"]] {
        bench.run(arguments).exits(1).says("its format is 99, and this version of nas-assay knows 2");
    }
    assert_eq!(bench.files(".nas-assay").len(), 1);
}

#[test]
fn a_damaged_stage_is_made_again_and_the_run_says_so() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    let whole = bench.results(".nas-assay");
    let stages = bench.files(".nas-assay/stages/scores");
    bench.write(&format!(".nas-assay/stages/scores/{}", stages[0].0), "{\"estimator\":");
    bench.run(&["run", "spec.toml", "--dry-run"]).exits(0).prints("run: its result in the store is damaged");
    bench.run(&["run", "spec.toml"]).exits(0).says(&stages[0].0).says("is made again: it has no seal");
    assert!(bench.results(".nas-assay") == whole);
    assert!(!bench.run(&["run", "spec.toml"]).exits(0).stderr.contains("made again"));
}

#[test]
fn a_damaged_record_is_named_and_its_advice_works() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    let whole = bench.results(".nas-assay");
    let (path, content) = whole.iter().find(|(name, _)| name.ends_with("record.json")).unwrap();
    let mut damaged = content.clone();
    let digit = content.windows(8).position(|window| window == b"\"truth\":").unwrap() + 9;
    damaged[digit] ^= 1;
    bench.write(&format!(".nas-assay/{path}"), &damaged);
    for arguments in [&["show", "latest"][..], &["report", "latest"], &["diff", "latest", "latest"]] {
        bench.run(arguments).exits(5).says("record.json cannot be used").says("run its spec again");
    }
    bench.run(&["show"]).exits(4).says("left out");
    bench.run(&["store", "check"]).exits(3).prints("damaged").says("store check --repair");
    bench.run(&["show", "baselines"]).exits(4).says("damaged, so that their names cannot be read");
    // The advice.
    bench.run(&["run", "spec.toml"]).exits(0);
    assert!(bench.results(".nas-assay") == whole);
    bench.run(&["show", "latest"]).exits(0);
    bench.write(&format!(".nas-assay/{path}"), &damaged);
    bench.run(&["store", "check", "--repair"]).exits(0).prints("removed 2 files,");
    bench.run(&["run", "spec.toml"]).exits(0);
    assert!(bench.results(".nas-assay") == whole);
    bench.run(&["store", "check"]).exits(0);
}

#[test]
fn an_empty_data_root_is_none() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    let run = |arguments: &[&str]| {
        let output = bench.command(arguments).env("NAS_ASSAY_DATA", "").output().unwrap();
        super::common::Ran::from(output)
    };
    run(&["run", "spec.toml", "--dry-run"]).exits(0);
    run(&["run", "nb201-real", "--dry-run"]).exits(5).says("is needed, and no data root was given");
}

/// Paths need not be text on Unix.
#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_a_path() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    let mut command = bench.command(&["run", "spec.toml", "--store"]);
    let output = command
        .arg(std::ffi::OsStr::from_bytes(b"store\xff"))
        .env("NAS_ASSAY_DATA", std::ffi::OsStr::from_bytes(b"\xff"));
    super::common::Ran::from(output.output().unwrap()).exits(0).says("record ");
    let wrong = bench.command(&["run"]).arg(std::ffi::OsStr::from_bytes(b"\xff")).output().unwrap();
    super::common::Ran::from(wrong).exits(2);
}

#[test]
fn a_record_that_was_changed_is_refused_and_not_compared() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    let text = bench.run(&["run", "spec.toml", "--json"]).exits(0).stdout;
    bench.write("good.json", &text);
    let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
    record["panels"][0]["estimators"][1]["scores"].as_array_mut().unwrap().pop();
    bench.write("changed.json", record.to_string());
    for pair in [["good.json", "changed.json"], ["changed.json", "good.json"]] {
        let said = "flops: scores for 47 architectures, and the panel has 48";
        bench.run(&["diff", pair[0], pair[1]]).exits(5).says("failed to read the record").says(said);
    }
}
