//! Tests of `nas-assay fingerprint`: published tables, which need the data root, and what the command says of a made-up truth.

use serde_json::Value;

use super::common::Bench;
use nas_assay::space::nb201::Architecture;

/// A data root with NATS-Bench's means beside the older table.
fn real() -> Bench {
    let bench = Bench::new();
    let root = super::common::data_root();
    bench.write("root/truth/nb201.csv", std::fs::read(format!("{root}/truth/nb201.csv")).unwrap());
    bench.run(&["data", "import", "freerea", &format!("{root}/freerea"), "--data-root", "root"]).exits(0);
    bench
}

fn json(bench: &Bench, rows: &[&str]) -> Value {
    let ran = bench.run(&[&["fingerprint", "--data-root", "root", "--json"], rows].concat()).exits(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Verdict, population, and for each data set whether pooling counts, and the nearest accuracy.
fn found(finding: &Value) -> (String, String, Vec<(bool, String)>) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let best = &finding["candidates"][0];
    assert_eq!(best["data_sets"][0]["edges"], "written");
    let set = |set: &Value| (set["pooling"].as_bool().unwrap(), text(&set["accuracy"]));
    (
        text(&finding["verdict"]),
        text(&best["population"]),
        best["data_sets"].as_array().unwrap().iter().map(set).collect(),
    )
}

/// AZ-NAS (CVPR 2024) table 1, VKDNW (CVPR 2025) table 1, APD (2025) table 2, and the scores of NAS-Bench-Suite-Zero.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn published_tables_are_identified() {
    let bench = real();
    let sets = |of: &[(bool, &str)]| of.iter().map(|(pools, name)| (*pools, (*name).to_owned())).collect::<Vec<_>>();
    let (all, reachable) = ("all", "only-reachable-operations");
    let expected = [
        (
            &["--params-tau", ".578,.552,.520", "--flops-tau", ".578,.551,.517"][..],
            (
                all,
                vec![
                    (false, "cifar10-test-200-nats-mean"),
                    (false, "cifar100-test-200-seed888"),
                    (false, "imagenet16-test-200-seed888"),
                ],
            ),
            15_625,
        ),
        (
            &["--flops-tau", ".623,.586,.545", "--flops-rho", ".799,.763,.718"],
            (
                reachable,
                vec![
                    (false, "cifar10-test-200-nats-mean"),
                    (false, "cifar100-test-200-nats-mean"),
                    (false, "imagenet16-test-200-seed888"),
                ],
            ),
            9_445,
        ),
        // The last column is of the first table.
        (
            &["--params-tau", ".576,.552,.519", "--params-rho", ".751", "--flops-tau", ".541,.517,.517"],
            (
                all,
                vec![
                    (true, "cifar10-test-200-v1.0-mean"),
                    (true, "cifar100-test-200-nats-mean"),
                    (false, "imagenet16-test-200-seed888"),
                ],
            ),
            15_625,
        ),
        (
            &[
                "--params-tau",
                ".568,-,.547",
                "--params-rho",
                ".747,-,.718",
                "--flops-tau",
                ".519,-,.501",
                "--flops-rho",
                ".714,-,.690",
            ],
            (reachable, vec![(true, "cifar10-half-test-200-seed888"), (true, "imagenet16-test-200-nats-mean")]),
            9_445,
        ),
    ];
    for (rows, (population, truths), architectures) in expected {
        let report = json(&bench, rows);
        assert_eq!(found(&report), ("identified".to_owned(), population.to_owned(), sets(&truths)), "{rows:?}");
        assert_eq!(report["candidates"][0]["architectures"], architectures);
        let distances: Vec<f64> =
            (0..2).map(|place| report["candidates"][place]["distance"].as_f64().unwrap()).collect();
        assert!(distances[0] < 0.003 && distances[1] > distances[0] + 0.001, "{distances:?}");
        // The truth is of all seeds that are known not to fit as well as of the nearest.
        let half = |value: &Value| value.as_str().unwrap().contains("half");
        let sets = report["candidates"][0]["data_sets"].as_array().unwrap();
        assert!(sets.iter().all(|set| {
            set["also_within"].as_array().unwrap().iter().all(|other| half(other) == half(&set["accuracy"]))
        }));
    }
    // The first of them is the example of the help.
    let help = bench.run(&["fingerprint", "--help"]).exits(0).stdout.replace("\\\n", "");
    let example =
        help.lines().find_map(|line| line.trim().strip_prefix("nas-assay fingerprint --data-root DATA ")).unwrap();
    assert_eq!(
        example.split_whitespace().collect::<Vec<_>>(),
        ["--params-tau", ".578,.552,.520", "--flops-tau", ".578,.551,.517"]
    );
    // Of the third table alone: each data set by itself.
    let report =
        json(&bench, &["--params-tau", ".576,.552,.519", "--params-rho", ".751", "--flops-tau", ".541,.517,.517"]);
    let alone: Vec<String> = report["data_sets"].as_array().unwrap().iter().map(|set| found(set).0).collect();
    assert_eq!(
        (alone, &report["candidates"][0]["mixed"]),
        (vec!["identified".into(), "identified".into(), "ambiguous".into()], &Value::Bool(true))
    );
    // The figures that everybody would otherwise compute by hand.
    let here =
        |rows: &[&str]| json(&bench, rows)["candidates"][0]["data_sets"][0]["values"][0]["here"].as_f64().unwrap();
    assert!((here(&["--params-tau", ".578"]) - 0.5778).abs() < 5e-5);
    assert!((here(&["--flops-rho", ".799", "--params-tau", ".623"]) - 0.6231).abs() < 5e-5);
}

/// The scores of the 1,000 architectures of NAS-Bench-Suite-Zero, figure 2.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn a_table_of_drawn_architectures_has_intervals() {
    let bench = real();
    let rows = ["--params-rho", ".72,.73,.69", "--flops-rho", ".69,.71,.67"];
    let report = json(&bench, &[&rows[..], &["--drawn", "1000"]].concat());
    assert_eq!((&report["verdict"], &report["drawn"]), (&Value::from("ambiguous"), &Value::from(1_000)));
    let fits = |population: &str, pooling: bool| {
        let of = report["candidates"].as_array().unwrap().iter().find(|one| {
            one["population"] == population
                && one["data_sets"][0]["pooling"] == pooling
                && one["data_sets"][0]["edges"] == "written"
        });
        of.unwrap()["fits"].as_bool().unwrap()
    };
    assert!(fits("all", true));
    // Other values for #Params than for #FLOPs are none of convolutions alone.
    let value = |place: usize| &report["candidates"][0]["data_sets"][0]["values"][place];
    let [low, high] = [0, 1].map(|end| value(0)["interval"][end].as_f64().unwrap());
    assert!(low < 0.72 && 0.72 < high && (0.04..0.12).contains(&(high - low)), "{low} {high}");
}

/// A truth that has more parameters as better, of which no digest is known.
fn made_up() -> Bench {
    let bench = Bench::new();
    let name = "cifar10-half-valid-200-nats-mean";
    let row = |(place, one): (usize, Architecture)| {
        let convolutions = one.operations().iter().filter(|operation| operation.conv_kernel().is_some()).count();
        format!("{one},{}\n", 10 + 10 * convolutions + place * 7919 % 17)
    };
    let rows: String = Architecture::all().enumerate().map(row).collect();
    bench.write(&format!("root/truth/nb201/{name}.csv"), format!("architecture,{name}\n{rows}"));
    bench
}

#[test]
fn what_fits_none_may_be_a_sample() {
    let bench = made_up();
    let run = |rows: &[&str]| bench.run(&[&["fingerprint", "--data-root", "root"], rows].concat()).exits(0);
    let report = json(&bench, &["--params-tau", ".9"]);
    let tau = report["candidates"].as_array().unwrap().iter().find(|one| one["population"] == "all").unwrap();
    let tau = tau["data_sets"][0]["values"][0]["here"].as_f64().unwrap();
    let shown = run(&["--params-tau", &format!("{tau:.4},-,-"), "--flops-tau", &format!("{tau:.4}")]);
    let shown = shown
        .prints("verdict     identified\npopulation  all 15,625 encodings\n")
        .prints("(cifar10-half-valid-200-nats-mean)");
    assert!(shown.stdout.lines().all(|line| line.chars().count() <= 100), "{}", shown.stdout);
    // What none has, a drawn table may have: the option that is named.
    let off = format!("{:.4}", tau - 0.02);
    let none = run(&["--params-tau", &off, "--flops-tau", &off]).prints("verdict     none fits");
    let option = none.stdout.split("with `").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let drawn = run(&["--params-tau", &off, "--flops-tau", &off, &option, "300"]);
    assert!(!drawn.stdout.contains("none fits") && drawn.stdout.contains("[0."), "{}", drawn.stdout);
    let words: Vec<&str> = none.stdout.split_whitespace().collect();
    assert!(words.join(" ").contains("`nas-assay data list` says what makes them"));
    bench.run(&["data", "list", "--data-root", "root"]).exits(0).prints("nb201");
}

#[test]
fn rows_that_are_none_and_data_that_are_not_there_are_refused() {
    let bench = made_up();
    let run = |rows: &[&str]| bench.run(&[&["fingerprint"], rows].concat());
    for (row, said) in [
        (".5,x", "`x` is no number from -1 to 1"),
        ("57.8", "`57.8` is no number from -1 to 1"),
        ("nan", "is no number from -1 to 1"),
        ("1e-1", "is no number from -1 to 1"),
        ("-,-", "no value"),
        (".1,.2,.3,.4", "4 values, and a row has one for each of three data sets"),
    ] {
        run(&["--params-tau", row, "--data-root", "root"]).exits(2).says(said);
    }
    run(&["--data-root", "root"]).exits(2).says("--params-tau");
    run(&["--params-tau", ".5", "--drawn", "9", "--data-root", "root"]).exits(2);
    run(&["--params-tau", "-.5", "--data-root", "root", "--json"]).exits(0);
    run(&["--params-tau", ".5"]).exits(5).says("give --data-root DIR or set NAS_ASSAY_DATA");
    run(&["--params-tau", "-,.5", "--data-root", "root"])
        .exits(5)
        .says("truth/nb201/cifar100-test-200-nats-mean.csv")
        .says("nas-assay data import freerea");
    let help = bench.run(&["fingerprint", "--help"]).exits(0).stdout;
    let words: Vec<&str> = help.split_whitespace().collect();
    assert!(words.join(" ").contains("`-` stands for one that is not printed"), "{help}");
    bench
        .run(&["fingerprint", "--help"])
        .exits(0)
        .prints("nas-assay fingerprint --data-root DATA --params-tau .578,.552,.520");
}
