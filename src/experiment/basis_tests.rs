//! Published figures and panels: what is compared, and what is only named. Expected texts and lists are typed here.

use std::collections::BTreeSet;

use super::basis::Ranking;
use super::published::of;
use super::record::counts_part;
use crate::carried::SPECS;
use crate::criteria::Direction;
use crate::estimator::{EstimatorKind, Suite};
use crate::spec::{Panel, SeedValue, Spec, Truth, parse_spec};
use crate::store::record::Published;

/// A spec of a space with this truth and these lines in its panel `all`.
fn spec(space: &str, truth: &str, panel: &str) -> Spec {
    let file = format!("file = {{ path = 'truth.csv', sha256 = '{}' }}", "0".repeat(64));
    let text = format!(
        "name = 'a'\nspace = '{space}'\n[images.synthetic]\ntrain = 8\nvalidation = 8\n\
         {}\n[panels.all]\nestimators = ['params', 'synflow']\n{panel}",
        truth.replace("FILE", &file)
    );
    parse_spec(&text, "a test").unwrap()
}

const NB201: &str = "[truth.nb201]\nFILE\naccuracy = 'cifar10-test-200-v1.0-class-mean'\nrows = 'representatives'";
const NB101: &str = "[truth.nb101]\nFILE\naccuracy = 'validation'\nrows = 'all'";
const NB301: &str = "[truth.nb301]\nFILE\nprecision = 'full'\nrows = 'all'";

/// A ranking of `rows` of the truth's `truth_rows` architectures by scores without images.
fn ranking(spec: &Spec, rows: usize, truth_rows: usize) -> Ranking<'_> {
    Ranking {
        truth: &spec.truth,
        truth_rows,
        panel: &spec.panels["all"],
        rows,
        images: None,
        counts_part: false,
        any_encoding: false,
        turned: None,
    }
}

/// What is said of the figure with this value, among those of an estimator.
fn said(figures: &[Published], value: f64) -> Vec<String> {
    let [figure] = figures.iter().filter(|figure| figure.value == value).collect::<Vec<_>>()[..] else {
        panic!("{value} is not one of {figures:?}")
    };
    figure.differs.clone()
}

/// What is said of #Params' tau-b of .606, of 6,466 representatives.
fn of_params(truth: &str, panel: &str, rows: usize, truth_rows: usize) -> Vec<String> {
    let spec = spec("nb201", truth, panel);
    said(&of(spec.space, "params", &ranking(&spec, rows, truth_rows)), 0.606)
}

#[test]
fn a_figure_for_the_same_truth_and_the_same_architectures_can_be_compared() {
    assert_eq!(of_params(NB201, "", 6_466, 6_466), [""; 0]);
    // A sample of all is no sample, and nobody is passed over where all have a score.
    assert_eq!(of_params(NB201, "sample = 6466", 6_466, 6_466), [""; 0]);
    assert_eq!(of_params(NB201, "missing = 'pass-over'", 6_466, 6_466), [""; 0]);
}

#[test]
fn another_accuracy_is_named_with_its_data_set() {
    for (accuracy, ours) in [
        ("cifar10-test-200-v1.0-mean", "CIFAR-10 test accuracy of each encoding"),
        ("cifar10-test-200-seed777", "CIFAR-10 test accuracy of seed 777"),
        ("cifar10-half-test-200-seed888", "CIFAR-10 test accuracy (trained on half of the images) of seed 888"),
        ("cifar100-test-200-nats-mean", "CIFAR-100 test accuracy, mean over the seeds of NATS-Bench"),
        ("imagenet16-valid-200-v1.1-mean", "ImageNet16-120 validation accuracy, mean over the seeds of version 1.1"),
        ("cifar10-test-12-seed111", "CIFAR-10 test accuracy after 12 epochs, seed 111"),
    ] {
        let said = of_params(&NB201.replace("cifar10-test-200-v1.0-class-mean", accuracy), "", 6_466, 6_466);
        assert_eq!(said, [format!("{ours} instead of the mean CIFAR-10 test accuracy of each class")]);
    }
}

#[test]
fn other_architectures_are_named_with_their_number() {
    let all = NB201.replace("representatives", "all");
    assert_eq!(of_params(&all, "", 15_625, 15_625), ["15,625 encodings instead of 6,466 representatives"]);
    // As many of other rows are others.
    let drawn = of_params(&all, "sample = 6466", 6_466, 15_625);
    assert_eq!(drawn, ["6,466 drawn encodings instead of 6,466 representatives"]);
    for (panel, rows, expected) in [
        ("sample = 128", 128, "128 drawn representatives instead of all 6,466"),
        ("sample = 6465", 6_465, "6,465 drawn representatives instead of all 6,466"),
        ("missing = 'pass-over'", 13, "13 representatives with a score instead of all 6,466"),
        (
            "without = { operations = ['avg_pool_3x3', 'nor_conv_1x1'] }",
            500,
            "500 representatives without avg_pool_3x3 and nor_conv_1x1 instead of all 6,466",
        ),
        (
            "sample = 50\nwithout = { operations = ['skip_connect'] }",
            50,
            "50 drawn representatives without skip_connect instead of all 6,466",
        ),
    ] {
        assert_eq!(of_params(NB201, panel, rows, 6_466), [expected]);
    }
    // Another table with as many rows as are ranked.
    assert_eq!(of_params(NB201, "", 500, 500), ["500 representatives instead of all 6,466"]);
}

#[test]
fn a_truth_of_this_project_is_never_that_of_a_figure() {
    let trained = "[truth.trained]\ntable = 'nb201-micro'";
    let ours = "truth trained by this project instead of the benchmark's";
    assert_eq!(of_params(trained, "", 48, 48), [ours, "48 architectures instead of 6,466 representatives"]);
    assert_eq!(of_params(trained, "", 6_466, 6_466), [ours, "6,466 architectures instead of 6,466 representatives"]);
}

#[test]
fn a_table_of_measured_accuracies_is_named_by_its_columns() {
    let measured = "[truth.table]\nFILE\ncolumns = ['a', 'b']";
    let ours = "measured a, b instead of the benchmark's truth";
    assert_eq!(of_params(measured, "", 48, 48), [ours, "48 architectures instead of 6,466 representatives"]);
}

#[test]
fn what_scores_come_from_is_named() {
    let spec = spec("nb201", NB201, "");
    let whole = || ranking(&spec, 6_466, 6_466);
    let of = |ranking: &Ranking<'_>| said(&of(spec.space, "synflow", ranking), 0.574);
    assert_eq!(of(&whole()), [""; 0]);
    let images = Some(&spec.images);
    assert_eq!(of(&Ranking { images, ..whole() }), ["synthetic images instead of CIFAR-10"]);
    let real = parse_spec(SPECS.iter().find(|(name, _)| *name == "nb201-real").unwrap().1, "a test").unwrap();
    assert_eq!(of(&Ranking { images: Some(&real.images), ..whole() }), [""; 0]);
    let turned = |direction| of(&Ranking { turned: Some(direction), ..whole() });
    assert_eq!(turned(Direction::Lower), ["lower scores counted as better instead of higher ones"]);
    assert_eq!(turned(Direction::Higher), ["higher scores counted as better instead of lower ones"]);
}

#[test]
fn a_sample_of_others_is_never_the_same() {
    let all = NB201
        .replace("representatives", "all")
        .replace("cifar10-test-200-v1.0-class-mean", "cifar10-half-test-200-seed888");
    for rows in [1_000, 15_625] {
        let spec = spec("nb201", &all, &format!("sample = {rows}"));
        let of = said(&of(spec.space, "flops", &ranking(&spec, rows, 15_625)), 0.69);
        let ours = if rows == 1_000 { "1,000 drawn encodings" } else { "15,625 encodings" };
        assert_eq!(of, [format!("{ours} instead of 1,000 drawn encodings")]);
    }
}

#[test]
fn figures_of_one_source_can_have_different_bases() {
    let of =
        |spec: &Spec, id: &str, rows: usize, value: f64| said(&of(spec.space, id, &ranking(spec, rows, rows)), value);
    // The baselines are by the released runs, the stored criteria by others.
    let validation = spec("nb101", NB101, "");
    assert_eq!(of(&validation, "params", 5_000, 0.5209), [""; 0]);
    let again = "one run of each architecture drawn again from the benchmark's three";
    let said = of(&validation, "oneshot_accuracy", 5_000, 0.374);
    assert_eq!(said, ["CIFAR-10 validation accuracy instead of CIFAR-10 test accuracy", again]);
    let test = spec("nb101", &NB101.replace("validation", "test"), "");
    assert_eq!(of(&test, "oneshot_accuracy", 5_000, 0.374), [again]);
    let said = of(&test, "params", 5_000, 0.5209);
    assert_eq!(said, ["CIFAR-10 test accuracy instead of CIFAR-10 validation accuracy"]);
    let distinct = spec("nb101", &NB101.replace("all", "distinct-mean"), "");
    let said = of(&distinct, "params", 4_214, 0.5209);
    assert_eq!(said, ["4,214 distinct architectures instead of 5,000 rows"]);

    // The baselines are over all rows, the stored criteria over the distinct architectures.
    let all = spec("nb301", NB301, "");
    let distinct = spec("nb301", &NB301.replace("all", "unique-last"), "");
    assert_eq!(of(&all, "params", 5_896, 0.515), [""; 0]);
    assert_eq!(of(&distinct, "oneshot_loss", 5_468, 0.495), [""; 0]);
    let said = of(&distinct, "params", 5_468, 0.515);
    assert_eq!(said, ["5,468 distinct architectures instead of 5,896 rows"]);
    let said = of(&all, "oneshot_loss", 5_896, 0.495);
    assert_eq!(said, ["5,896 rows instead of 5,468 distinct architectures"]);
    let sparse = spec("nb301", &NB301.replace("full", "sparse"), "");
    let said = of(&sparse, "params", 5_896, 0.515);
    assert_eq!(said, ["accuracies in whole percent instead of unrounded accuracies"]);
    for spec in [&all, &distinct] {
        let rows = if spec == &all { 5_896 } else { 5_468 };
        let said = of(spec, "synflow", rows, 0.201);
        assert_eq!(said, ["rows and a truth that the source does not name"]);
        let said = of(spec, "synflow", rows, 0.197);
        assert_eq!(said, ["5,468 distinct architectures, by a truth that may have been rounded"]);
    }
}

/// All figures that can be compared in the carried specs: spec and panel, estimator, criteria.
const COMPARED: &str = "
    nb101-real:all params tau_b P@top5% P@bottom5%
    nb201-real:all params tau_b P@top5%
    nb301-real:all params tau_b spearman P@top5% P@bottom5% BR@5% WR@5%
    nb301-real:all flops tau_b spearman
    nds_resnet-real:all params tau_b spearman P@top5% P@bottom5%
    nds_resnet-real:all flops tau_b spearman P@top5% P@bottom5%
    nds_resnext_a-real:all params tau_b spearman P@top5% P@bottom5%
    nds_resnext_a-real:all flops tau_b spearman P@top5% P@bottom5%
    paper-nb201:all params tau_b P@top5%
    paper-nb201:all plain tau_b
    paper-nb201:all synflow tau_b
    paper-nb201:all jacob_cov P@top5%
    paper-nb201:all relu_logdet P@top5%
    paper-nb201:all oneshot_accuracy tau_b tau_b spearman P@top5% P@bottom5% BR@1% WR@5%
    paper-nb201:all oneshot_loss tau_b spearman P@top5% P@bottom5% BR@1% WR@5%
    paper-nb301:all oneshot_accuracy tau_b spearman P@top5% P@bottom5%
    paper-nb301:all oneshot_loss tau_b pearson P@top5% P@bottom5%
    paper-nds_resnet:all params tau_b spearman P@top5% P@bottom5%
    paper-nds_resnet:all flops tau_b spearman P@top5% P@bottom5%
    paper-nds_resnext_a:all params tau_b spearman P@top5% P@bottom5%
    paper-nds_resnext_a:all flops tau_b spearman P@top5% P@bottom5%
    paper-nds_resnext_a:all oneshot_accuracy tau_b spearman P@top5% P@bottom5%
    paper-nds_resnext_a:all oneshot_loss tau_b P@top5% P@bottom5%
    real-nb101-published:all params tau_b P@top5% P@bottom5%
    real-nb301-published:all oneshot_accuracy tau_b spearman P@top5% P@bottom5%
    real-nb301-published:all oneshot_loss tau_b pearson P@top5% P@bottom5%
    real-nds_resnext_a-published:all params tau_b spearman P@top5% P@bottom5%
    real-nds_resnext_a-published:all flops tau_b spearman P@top5% P@bottom5%
    real-nds_resnext_a-published:all oneshot_accuracy tau_b spearman P@top5% P@bottom5%
    real-nds_resnext_a-published:all oneshot_loss tau_b P@top5% P@bottom5%";

/// How many architectures the truth of a carried spec has.
fn truth_rows(spec: &Spec) -> usize {
    match &spec.truth {
        Truth::Trained(truth) => crate::carried::truth(&truth.table).unwrap().rows.len(),
        Truth::Nb201(_) => 6_466,
        Truth::Nb301(truth) if truth.rows == crate::spec::Nb301Rows::All => 5_896,
        Truth::Nb301(_) => 5_468,
        Truth::Nb101(_) | Truth::Nds(_) => 5_000,
        Truth::Table(_) | Truth::None(_) => 0,
    }
}

#[test]
fn the_carried_specs_compare_exactly_these_figures() {
    let suite = Suite::builtin();
    let mut found = BTreeSet::new();
    let (mut panels, mut figures) = (0, 0);
    for (name, text) in SPECS {
        let spec = parse_spec(text, name).unwrap();
        let truth_rows = truth_rows(&spec);
        for (panel_name, panel) in &spec.panels {
            let rows = match panel {
                Panel { sample: 0, without: None, .. } => truth_rows,
                Panel { sample: 0, .. } => truth_rows / 2,
                Panel { sample, .. } => *sample,
            };
            panels += 1;
            for id in panel.estimators.iter().chain(panel.scores.keys()) {
                let Ok(estimator) = suite.find(id) else { continue };
                let kind = estimator.meta().kind;
                let looks = kind != EstimatorKind::Baseline && !panel.scores.contains_key(id);
                let images = looks.then_some(&spec.images);
                let ranking = Ranking {
                    truth: &spec.truth,
                    truth_rows,
                    panel,
                    rows,
                    images,
                    counts_part: counts_part(&spec, kind),
                    any_encoding: false,
                    turned: None,
                };
                let of = of(spec.space, id, &ranking);
                figures += of.len();
                let same = of.iter().filter(|figure| figure.differs.is_empty());
                let same: Vec<String> = same.map(|figure| figure.criterion.to_string()).collect();
                if !same.is_empty() {
                    found.insert(format!("{name}:{panel_name} {id} {}", same.join(" ")));
                }
            }
        }
    }
    let typed: BTreeSet<String> =
        COMPARED.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    assert_eq!(found, typed);
    assert!(panels > 20 && figures > 300, "{panels} panels, {figures} figures");
}

/// The same specs with one thing changed compare nothing.
#[test]
fn one_change_of_a_carried_spec_ends_every_comparison() {
    for line in COMPARED.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, rest) = line.split_once(':').unwrap();
        let id = rest.split(' ').nth(1).unwrap();
        let (_, text) = SPECS.iter().find(|(known, _)| *known == name).unwrap();
        let spec = parse_spec(text, name).unwrap();
        let truth_rows = truth_rows(&spec);
        let panel = &spec.panels["all"];
        let whole = Ranking {
            truth: &spec.truth,
            truth_rows,
            panel,
            rows: truth_rows,
            images: None,
            counts_part: false,
            any_encoding: false,
            turned: None,
        };
        let compared = |ranking: &Ranking<'_>| {
            of(spec.space, id, ranking).iter().filter(|figure| figure.differs.is_empty()).count()
        };
        assert!(compared(&whole) > 0, "{line}");
        let sample = Panel { sample: truth_rows - 1, seed: SeedValue(0), ..panel.clone() };
        assert_eq!(compared(&Ranking { panel: &sample, rows: truth_rows - 1, ..whole }), 0, "{line}");
        assert_eq!(compared(&Ranking { rows: truth_rows - 1, ..whole }), 0, "{line}");
        let micro = format!("{}-micro", spec.space);
        let (_, text) = SPECS.iter().find(|(known, _)| *known == micro).unwrap();
        let trained = parse_spec(text, &micro).unwrap().truth;
        assert_eq!(compared(&Ranking { truth: &trained, ..whole }), 0, "{line}");
        assert_eq!(compared(&Ranking { counts_part: true, ..whole }), 0, "{line}");
        assert_eq!(compared(&Ranking { turned: Some(Direction::Lower), ..whole }), 0, "{line}");
    }
}
