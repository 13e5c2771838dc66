//! Tests of the command `claims`, and the verdict of each claim with the data root.

use super::common::{Bench, data_root};
use serde_json::Value;

/// The verdict of every claim that needs no data, or only the data root.
const DECIDED: [(&str, &str); 58] = [
    ("criteria-example", "holds"),
    ("nb201-classes", "holds"),
    ("nb201-group-sizes", "holds"),
    ("nb201-key-defects", "holds"),
    ("nb101-subset", "holds"),
    ("nb101-rows", "holds"),
    ("nb301-rows", "holds"),
    ("nds_resnet-size", "holds"),
    ("nds_resnext_a-size", "holds"),
    ("nb201-skip-example-truth", "holds"),
    ("nb201-params", "holds"),
    ("nb201-params-ends", "holds"),
    ("nb301-params", "holds"),
    ("nb301-params-distinct", "holds"),
    ("nb301-params-ends", "holds"),
    ("nb101-params", "holds"),
    ("nb101-params-ends", "holds"),
    ("nds_resnet-params", "holds"),
    ("nds_resnet-params-ends", "holds"),
    ("nds_resnext_a-params", "holds"),
    ("nds_resnext_a-params-ends", "holds"),
    ("nds_resnext_a-params-over-flops", "holds"),
    ("nb301-authors-correlations", "holds"),
    ("nb301-authors-ends", "holds"),
    // The stored criteria are from the submission, and the slides are from the final paper.
    ("nb301-zero-shot-slide", "fails"),
    ("nb301-zero-shot-under-params", "holds"),
    ("nb201-bottom-over-top", "holds"),
    ("nb201-loss-top", "holds"),
    ("nb201-loss-over-accuracy", "fails"),
    ("nb201-one-shot-over-params", "holds"),
    ("nb201-one-shot-slide", "fails"),
    ("nb301-loss-over-accuracy", "holds"),
    ("nb301-bottom-over-top", "holds"),
    // Seed 202020 finds 45.4 % of the best and 38.8 % of the worst.
    ("nb301-bottom-over-top-loss", "fails"),
    ("nb301-bottom-over-top-loss-mean", "holds"),
    ("nb301-complexity", "holds"),
    ("nb301-complexity-figures", "holds"),
    ("nb301-settles", "holds"),
    ("nb301-settles-figures", "holds"),
    ("nb301-ensemble", "holds"),
    ("nb301-score-averages", "holds"),
    ("nb301-operations", "holds"),
    ("nb301-operation-figures", "holds"),
    ("nb301-sparse", "holds"),
    ("nb301-one-shot", "holds"),
    ("nb301-one-shot-slide", "fails"),
    // The interval of the difference from #Params contains 0.
    ("nb301-one-shot-over-params", "undecided"),
    ("nb101-top-over-bottom", "holds"),
    ("nb101-one-shot", "holds"),
    ("nb101-no-improvement", "holds"),
    ("nb101-one-shot-under-params", "holds"),
    ("nb101-complexity", "holds"),
    ("nb101-settles", "holds"),
    ("nds_resnext_a-bottom-over-top", "holds"),
    ("nds_resnext_a-ordinal-over-l1", "holds"),
    ("nds_resnext_a-one-shot", "holds"),
    ("nds_resnext_a-one-shot-over-params", "holds"),
    ("nds_resnext_a-no-complexity-bias", "holds"),
];

fn outcomes(stdout: &str) -> Vec<Value> {
    let said: Value = serde_json::from_str(stdout).unwrap();
    said["claims"].as_array().unwrap().clone()
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn every_claim_has_its_verdict_on_the_data_root() {
    let root = data_root();
    let bench = Bench::new();
    let all = outcomes(&bench.run(&["--data-root", &root, "claims", "--json"]).exits(0).stdout);
    let text = |outcome: &Value, key: &str| outcome[key].as_str().unwrap().to_owned();
    let (by_record, by_data): (Vec<&Value>, Vec<&Value>) =
        all.iter().partition(|outcome| text(outcome, "note").contains("record"));
    let found: Vec<(String, String)> = by_data.iter().map(|of| (text(of, "id"), text(of, "verdict"))).collect();
    let pinned: Vec<(String, String)> =
        DECIDED.iter().map(|&(id, verdict)| (id.to_owned(), verdict.to_owned())).collect();
    assert_eq!(found, pinned);
    // The other claims need records, and a new store has none.
    assert_eq!(by_record.len(), 48, "{by_record:#?}");
    for outcome in by_record {
        assert_eq!(outcome["verdict"], "undecided");
        assert!(text(outcome, "note").contains("run"), "{outcome}");
    }
}

#[test]
fn without_data_only_claims_about_the_spaces_are_decided() {
    let bench = Bench::new();
    let text = bench.run(&["claims"]).exits(0).stdout;
    for part in
        ["holds: ", "  nb201-classes  (NAS-Bench-201)\n", "undecided: ", "`nas-assay run real-nb201-zeroshot` makes it"]
    {
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(part) || plain.contains(part), "`{part}` is not in\n{text}");
    }
    let one = outcomes(&bench.run(&["claims", "nb201-classes", "--json"]).exits(0).stdout);
    assert_eq!(one.len(), 1);
    assert_eq!((&one[0]["verdict"], &one[0]["space"]), (&Value::from("holds"), &Value::from("nb201")));
    assert_eq!(one[0]["ours"], one[0]["published"]);
}

#[test]
fn missing_data_are_different_from_damaged_data() {
    let bench = Bench::new();
    let nothing = bench.run(&["claims", "nb201-params"]).exits(4).says("nothing could be decided");
    assert!(nothing.stdout.contains("truth/nb201/cifar10-test-200-v1.0-mean.csv is needed"), "{}", nothing.stdout);
    bench
        .run(&["claims", "nb201-parms"])
        .exits(2)
        .says("no claim is called `nb201-parms`; the nearest is `nb201-params`");
    bench.write("data/truth/nb201/cifar10-test-200-v1.0-mean.csv", "damaged");
    bench.run(&["--data-root", "data", "claims", "nb201-params"]).exits(5).says("has SHA-256");
    bench.run(&["--data-root", "data", "claims"]).exits(5);
}
