//! Real data as a user makes them from official files, and truths that come of them.

use super::advice::{after, printed};
use super::common::Bench;
use super::verify::csv;

/// A file of NAS-Bench-Suite-Zero for NAS-Bench-301 with four invented cells.
fn suite_zero() -> String {
    let key = |first: u8| {
        let cell = |first: u8| format!("[(0, {first}), (1, 2), (0, 4), (2, 6), (1, 1), (3, 3), (0, 5), (2, 0)]");
        format!("[{}, {}]", cell(first), cell(3))
    };
    let entry = |first: u8| {
        let (key, score) = (key(first), f64::from(first) / 2.0);
        format!(
            "\"{key}\": {{\"idx\": \"{first}\", \"arch\": \"{key}\", \"val_accuracy\": {}, \"synflow\": {{\"score\": {score}, \"time\": 1}}, \
             \"zen\": {{\"score\": {}, \"time\": 1}}}}",
            90 + first,
            9 - first
        )
    };
    format!("{{\"cifar10\": {{{}}}}}", (0..4).map(entry).collect::<Vec<_>>().join(", "))
}

const TRUTH: &str = "root/truth/nb301/suite-zero.csv";

#[test]
fn official_files_become_truth_and_scores_that_are_judged() {
    let bench = Bench::new();
    bench.write("down loads/zc_nasbench301.json", suite_zero());
    let import = || bench.run(&["data", "import", "suite-zero", "down loads", "--data-root", "root"]);
    import().exits(0).prints("made       truth/nb301/suite-zero.csv").prints("scores/suite-zero/nb301-cifar10.csv");
    let before = bench.files("root");
    import().exits(0).prints("unchanged  truth/nb301/suite-zero.csv");
    assert_eq!(bench.files("root"), before);
    let scores = "root/scores/suite-zero/nb301-cifar10.csv";
    let verify = |truth: &str, more: &[&str]| {
        let all = [
            "verify", "--space", "nb301", "--scores", scores, "--column", "synflow", "--name", "mine", "--truth", truth,
        ];
        bench.run(&[&all, more].concat())
    };
    // The table is found as a file, and by its path in the data root.
    for (truth, more) in [(TRUTH, &[][..]), ("truth/nb301/suite-zero.csv", &["--data-root", "root"])] {
        verify(truth, more).exits(0).prints("mine: all 4 rows are judged").prints("Truth: measured: surrogate");
    }
    verify("none.csv", &[]).exits(5).says("--truth: there is no file none.csv");
    verify(scores, &[]).exits(2).says("choose one with --accuracy");
    verify(scores, &["--accuracy", "zan"]).exits(2).says("has no column zan").says("the nearest is `zen`");
    verify("down loads/zc_nasbench301.json", &[]).exits(5).says("is no table of measured accuracies");
    verify(TRUTH, &["--rows", "all"]).exits(2).says("this truth has no such choice");
    let spec = verify(TRUTH, &["--print-spec"]).exits(0).stdout;
    assert!(spec.contains("[truth.table]") && spec.contains("columns = [\"surrogate\"]"), "{spec}");
}

#[test]
fn a_truth_of_several_columns_is_the_mean_of_those_that_are_chosen() {
    let bench = Bench::new();
    let texts = bench.run(&["architectures", "--space", "nb201", "--count", "4", "--seed", "1"]).exits(0).stdout;
    let row = |(place, text): (usize, &str)| format!("{text},{},{}\n", 10 * (place + 1), 90 - 30 * place);
    let rows: String = texts.lines().enumerate().map(row).collect();
    bench.write("table.csv", format!("architecture,up,down\n{rows}"));
    let scores: Vec<(String, f64)> = texts.lines().map(str::to_owned).zip([0.0, 1.0, 2.0, 3.0]).collect();
    bench.write("mine.csv", csv(&scores));
    let tau = |accuracy: &str| {
        let run = bench.run(&[
            "verify",
            "--space",
            "nb201",
            "--scores",
            "mine.csv",
            "--truth",
            "table.csv",
            "--accuracy",
            accuracy,
            "--json",
        ]);
        let record = nas_assay::store::record::Record::from_json(&run.exits(0).stdout).unwrap();
        record.panels[0].estimators.last().unwrap().criteria.kendall.tau_b
    };
    assert_eq!((tau("up"), tau("down"), tau("up,down")), (Some(1.0), Some(-1.0), Some(-1.0)));
    let text = printed(
        &bench
            .run(&["verify", "--space", "nb201", "--scores", "mine.csv", "--truth", "table.csv"])
            .exits(2)
            .says("has the columns up, down"),
    );
    let option = after(&text, "choose one with ", &[',']);
    let both = ["--truth", "table.csv", option, "up,down"];
    bench.run(&[&["verify", "--space", "nb201", "--scores", "mine.csv"][..], &both].concat()).exits(0);
}

#[test]
fn what_a_missing_file_asks_for_makes_it() {
    let bench = Bench::new();
    let sha256 = "4".repeat(64);
    let spec = |sha256: &str| {
        format!(
            "name = 'zero'\nspace = 'nb301'\n[images.synthetic]\ntrain = 8\nvalidation = 8\n\
             [truth.table]\nfile = {{ path = 'truth/nb301/suite-zero.csv', sha256 = '{sha256}' }}\ncolumns = ['surrogate']\n\
             [panels.all]\nestimators = ['params']\n[criteria]\nresamples = 5\n"
        )
    };
    bench.write("spec.toml", spec(&sha256));
    bench.write("zc_nasbench301.json", suite_zero());
    std::fs::create_dir(bench.path("root")).unwrap();
    let run = || bench.run(&["run", "spec.toml", "--data-root", "root"]);
    let text = printed(&run().exits(5));
    let command = after(&text, "or make it with `nas-assay ", &['`']);
    let words: Vec<&str> =
        command.split(' ').map(|word| if word == "FILE" { "zc_nasbench301.json" } else { word }).collect();
    // Without a data root, the command asks for one.
    let text = printed(&bench.run(&words).exits(2).says("no data root was given"));
    let option = after(&text, "help: give ", &[' ']);
    bench.run(&[&words[..], &[option, "root"]].concat()).exits(0);
    bench.run(&["data", "check", "--data-root", "roots"]).exits(4).says("roots is no folder");
    // `check` names the digest of what has no known one.
    let checked = bench.run(&["data", "check", "--data-root", "root"]).exits(0);
    let line = checked.stdout.lines().find(|line| line.contains("truth/nb301/suite-zero.csv")).unwrap();
    let digest = line.rsplit(' ').next().unwrap();
    assert_eq!(digest, nas_assay::digest::sha256_hex(&std::fs::read(bench.path(TRUTH)).unwrap()));
    bench.write("spec.toml", spec(digest));
    run().exits(0);
}

#[test]
fn a_wrong_or_cut_file_writes_nothing() {
    let bench = Bench::new();
    let whole = suite_zero();
    let import = |source: &str| bench.run(&["data", "import", source, "zc_nasbench301.json", "--data-root", "root"]);
    bench.write("zc_nasbench301.json", &whole[..whole.len() - 30]);
    import("suite-zero").exits(5).says("zc_nasbench301.json").says("nothing is written");
    bench.write("zc_nasbench301.json", &whole);
    import("nds").exits(5).says("ResNet_rng1.json").says("found zc_nasbench301.json");
    import("suite-zer").exits(2).says("the nearest is `suite-zero`");
    assert!(!bench.path("root").exists());
    import("suite-zero").exits(0);
    // A table of the same name has other numbers.
    bench.write("zc_nasbench301.json", whole.replacen("91", "91.5", 1));
    let before = bench.files("root");
    import("suite-zero").exits(5).says("is there with other numbers").says("remove it first");
    assert_eq!(bench.files("root"), before);
    std::fs::remove_file(bench.path(TRUTH)).unwrap();
    import("suite-zero").exits(0).prints("made       truth/nb301/suite-zero.csv");
}

/// The names of these accuracies are those of tables with known numbers.
#[test]
fn a_table_with_other_numbers_than_the_known_ones_is_not_written() {
    let bench = Bench::new();
    let rows: Vec<String> = (0..15_625).map(|index| format!("{index},{}.25\n", index % 90)).collect();
    bench.write("cifar10-accuracies.csv", format!("index,accuracy\n{}", rows.concat()));
    let ran = bench.run(&["data", "import", "freerea", "cifar10-accuracies.csv", "--data-root", "root"]).exits(5);
    ran.prints("left out   truth/nb201/cifar10-test-200-nats-mean.csv  its numbers are not those that are known")
        .says("a table was not written, since the numbers are not those that are known");
    assert!(!bench.path("root").exists());
}

/// The help of the command and the book name every source, and a source makes what it says.
#[test]
fn every_source_is_named_where_a_user_looks() {
    let bench = Bench::new();
    let json: serde_json::Value =
        serde_json::from_str(&bench.run(&["data", "list", "--json"]).exits(0).stdout).unwrap();
    let help = bench.run(&["data", "import", "--help"]).exits(0).stdout;
    let page = std::fs::read_to_string("docs/src/data.md").unwrap();
    let words: Vec<&str> = help.split([' ', ',', '\n', ']']).collect();
    for source in json["sources"].as_array().unwrap() {
        let name = source["name"].as_str().unwrap();
        assert!(words.contains(&name), "{name} is not in\n{help}");
        assert!(page.contains(&format!("`{name}`")), "{name} is not in the book");
    }
    // 50,000 and 10,000 rows of CIFAR-100, 500 and 100 of each fine class: the pixels tell the number.
    let rows = |count: u32| -> Vec<u8> {
        let row = |number: u32| {
            let fine = (number % 100) as u8;
            let mut row = vec![0; 3_074];
            (row[0], row[1]) = (fine / 5, fine);
            row[2..6].copy_from_slice(&number.to_le_bytes());
            row
        };
        (0..count).flat_map(row).collect()
    };
    bench.write("cifar-100-binary/train.bin", rows(50_000));
    bench.write("cifar-100-binary/test.bin", rows(10_000));
    let import = |source: &str| bench.run(&["data", "import", source, "cifar-100-binary", "--data-root", "root"]);
    import("cifar10").exits(5).says("the files are those of `cifar100`, not `cifar10`: they make images/cifar100_");
    assert!(!bench.path("root").exists());
    import("cifar100").exits(0).prints("made       images/cifar100_train.bin");
}

#[test]
fn the_list_says_what_is_there_and_what_makes_the_rest() {
    let bench = Bench::new();
    bench.write("root/truth/nb301.csv", "");
    let list = bench.run(&["data", "list", "--data-root", "root"]).exits(0);
    for part in
        ["images/cifar10_10k_train.bin", "nds_resnet-real", "data import nb201", "md5 55e847143ce1f7c2d89b676f6b096897"]
    {
        assert!(list.stdout.contains(part), "{part}\n{}", list.stdout);
    }
    let json: serde_json::Value =
        serde_json::from_str(&bench.run(&["data", "list", "--json", "--data-root", "root"]).exits(0).stdout).unwrap();
    let files = json["files"].as_array().unwrap();
    let file = |path: &str| files.iter().find(|file| file["path"] == path).unwrap();
    assert_eq!(
        (&file("truth/nb301.csv")["condition"], &file("truth/nb101.csv")["condition"]),
        (&"there".into(), &"missing".into())
    );
    assert_eq!(file("truth/nb301.csv")["sources"], serde_json::json!(["authors"]));
    let specs = |path: &str| file(path)["specs"].as_array().unwrap().len();
    assert_eq!((specs("images/cifar10_10k_train.bin"), specs("truth/nb201/cifar10-test-200-v1.0-mean.csv")), (14, 7));
    // Every file that a carried spec needs is known, and has a source.
    assert_eq!(files.iter().filter(|file| !file["specs"].as_array().unwrap().is_empty()).count(), 9);
    bench.run(&["data", "check", "--data-root", "root"]).exits(5).says("1 of the known files has another digest");
}

/// A table with a known digest is damaged, and is made again.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn a_damaged_file_is_imported_again() {
    let bench = Bench::new();
    let official = format!("{}/freerea", super::common::data_root());
    let import = || bench.run(&["data", "import", "freerea", &official, "--data-root", "root"]);
    import().exits(0).prints("made       truth/nb201/cifar100-test-200-nats-mean.csv").prints("has the known digest");
    let check = || bench.run(&["data", "check", "--data-root", "root"]);
    check().exits(0).prints("3 of 20 known files are there and have the known digest");
    bench.write("root/truth/nb201/cifar100-test-200-nats-mean.csv", "damaged");
    check()
        .exits(5)
        .says("remove them, and import them again")
        .prints("other digest   truth/nb201/cifar100-test-200-nats-mean.csv");
    import().exits(0).prints("restored   truth/nb201/cifar100-test-200-nats-mean.csv");
    check().exits(0);
}

/// Bytes of an image: its label, and three planes of 32 x 32.
const ROW: usize = 3_073;

/// The official layouts of the images and of the paper's truth, made of a data root that has both: batches in which the kept images lie
/// among invented ones, and the list of mean accuracies that the authors released.
fn official_files(bench: &Bench) {
    let root = super::common::data_root();
    let read = |path: &str| std::fs::read(format!("{root}/{path}")).unwrap();
    for (kept, batches) in [(read("images/cifar10_10k_train.bin"), 5), (read("images/cifar10_2k_test.bin"), 1)] {
        let count = kept.len() / ROW / batches;
        for batch in 0..batches {
            // Each batch has 1,000 images of each class: the kept ones in their order, then invented ones.
            let kept = &kept[batch * count * ROW..(batch + 1) * count * ROW];
            let mut left = [1_000_usize; 10];
            kept.chunks(ROW).for_each(|row| left[usize::from(row[0])] -= 1);
            let mut content = kept.to_vec();
            for (label, left) in left.into_iter().enumerate() {
                for number in 0..left {
                    let start = content.len();
                    content.resize(start + ROW, 0);
                    let name = [label as u8, batch as u8, batches as u8, (number / 256) as u8, (number % 256) as u8];
                    content[start..start + name.len()].copy_from_slice(&name);
                }
            }
            let name = if batches == 1 { "test_batch".to_owned() } else { format!("data_batch_{}", batch + 1) };
            bench.write(&format!("cifar-10-batches-bin/{name}.bin"), content);
        }
    }
    let table = String::from_utf8(read("truth/nb201.csv")).unwrap();
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        // A mean of three numbers has noise in its last digits.
        format!("'{}': {:.5}0000000004,\n", cells[0], cells[3].parse::<f64>().unwrap())
    };
    let lines: String = table.lines().skip(1).map(line).collect();
    bench.write("iso_dict.txt", lines);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn an_import_names_what_is_lacking_and_what_makes_it() {
    let bench = Bench::new();
    official_files(&bench);
    let first = bench.run(&["data", "import", "authors", "iso_dict.txt", "--data-root", "root"]).exits(0);
    assert!(first.stdout.contains("made       truth/nb201/cifar10-test-200-v1.0-mean.csv"), "{}", first.stdout);
    let text = printed(&first.says("nb201-real also needs images/cifar10_10k_train.bin"));
    let command = after(&text, "cifar10_10k_train.bin: `nas-assay ", &['`']);
    let words: Vec<&str> =
        command.split(' ').map(|word| if word == "PATH" { "cifar-10-batches-bin" } else { word }).collect();
    let second = bench.run(&[&words[..], &["--data-root", "root"]].concat()).exits(0);
    second.says("these specs have all that they need: nb201-real");
    bench.run(&["run", "nb201-real", "--data-root", "root", "--dry-run"]).exits(0);
    // The baselines on all representatives, without the rest of that spec, which trains for hours.
    let spec = bench.run(&["specs", "nb201-real"]).exits(0).stdout;
    let (head, _) = spec.split_once("[panels.sample]").unwrap();
    let (start, rest) = head.split_once("[supernet]").unwrap();
    let (_, end) = rest.split_once("[zero-shot]").unwrap();
    bench.write("baselines.toml", format!("{start}[zero-shot]{end}"));
    let run = bench.run(&["run", "baselines.toml", "--data-root", "root", "--json"]).exits(0);
    let record = nas_assay::store::record::Record::from_json(&run.stdout).unwrap();
    let params = &record.panels[0].estimators.iter().find(|estimator| estimator.id == "params").unwrap().criteria;
    // The published .606, over 6,466 representatives.
    assert_eq!(record.panels[0].architectures.len(), 6_466);
    assert!((params.kendall.tau_b.unwrap() - 0.606).abs() < 0.0005, "{:?}", params.kendall);
}
