//! The plain sentences of panels of every kind, on records that are made for each.

use nas_assay_criteria::{Ceiling, CeilingAt, InTop, Interval, NoInterval};
use nas_assay_schema::store::record::Record;

use super::*;
use crate::worth::{StructureWorth, WorthRow};
use crate::{Beside, Worth, fixture, html, markdown, terminal};

fn interval(lower: f64, upper: f64) -> Interval {
    Interval { lower, upper, resamples: 200, undefined: 0 }
}

/// A panel of 240 architectures with two baselines and two estimators of these values of tau-b, whose intervals reach 0.1 to either side.
/// All tests are undecided.
fn record(params: f64, flops: f64, synflow: f64, snip: f64) -> Record {
    let mut record = fixture::record(240);
    let panel = &mut record.panels[0];
    let [first, second, ..] = &panel.estimators[..] else { panic!("the fixture has five estimators") };
    let (baseline, estimator) = (first.clone(), second.clone());
    let row = |of: &EstimatorRecord, id: &str, tau: f64| {
        let mut row = of.clone();
        row.id = id.to_owned();
        row.criteria.kendall.tau_b = Some(tau);
        row.criteria.kendall.interval = Some(interval(tau - 0.1, tau + 0.1));
        row.criteria.non_finite = nas_assay_criteria::NonFinite::new(&[]);
        row.criteria.tie_sensitive = false;
        row
    };
    panel.estimators = vec![
        row(&baseline, "params", params),
        row(&baseline, "flops", flops),
        row(&estimator, "synflow", synflow),
        row(&estimator, "snip", snip),
    ];
    let undecided = Comparison {
        difference: Some(0.0),
        interval: Some(interval(-0.1, 0.1)),
        no_interval: None,
        verdict: Verdict::Undecided,
    };
    panel.analyses.comparisons = ["flops", "synflow", "snip"]
        .into_iter()
        .flat_map(|estimator| ["params", "flops"].map(|with| (estimator, with)))
        .filter(|(estimator, with)| estimator != with)
        .map(|(estimator, with)| ComparisonRecord {
            estimator: estimator.to_owned(),
            with: with.to_owned(),
            outcome: undecided,
        })
        .collect();
    record
}

/// Sets the verdict of a test.
fn decide(record: &mut Record, estimator: &str, with: &str, verdict: Verdict) {
    let tests = &mut record.panels[0].analyses.comparisons;
    let test = tests.iter_mut().find(|test| test.estimator == estimator && test.with == with).unwrap();
    test.outcome.verdict = verdict;
}

fn said(record: &Record) -> Vec<String> {
    sentences(&record.panels[0], None)
}

#[test]
fn the_best_may_not_be_better_than_a_baseline() {
    let record = record(0.55, 0.58, 0.61, 0.4);
    assert_eq!(
        said(&record),
        [
            "Of 4 estimators, synflow comes closest to the true order of these 240 architectures: Kendall's tau-b 0.610 (95 % interval \
             0.510 to 0.710; 1 is the true order).",
            "That is not clearly better than the best baseline, flops (0.580).",
            "In paired tests at 95 %, no estimator beats both params and flops.",
        ]
    );
}

#[test]
fn an_estimator_beats_the_baselines_only_if_the_test_says_so_of_each() {
    let mut record = record(0.3, 0.5, 0.7, 0.65);
    decide(&mut record, "synflow", "params", Verdict::Better);
    let none = "In paired tests at 95 %, no estimator beats both params and flops.";
    assert_eq!(said(&record)[2], none);
    decide(&mut record, "synflow", "flops", Verdict::Better);
    let one = [
        "In paired tests at 95 %, 1 of 2 tested estimators beats both params and flops: synflow.",
        "The best baseline, flops, has 0.500.",
    ];
    assert_eq!(said(&record)[1..], one);
    for with in ["params", "flops"] {
        decide(&mut record, "snip", with, Verdict::Better);
    }
    assert_eq!(
        said(&record)[1],
        "In paired tests at 95 %, 2 of 2 tested estimators beat both params and flops: synflow and snip."
    );
    // Only those that were tested are counted.
    let untested = EstimatorRecord { id: "variant".to_owned(), ..record.panels[0].estimators[3].clone() };
    record.panels[0].estimators.push(untested);
    assert!(said(&record)[1].starts_with("In paired tests at 95 %, 2 of 2 tested "), "{:?}", said(&record));
    // A verdict without an interval is none.
    for test in &mut record.panels[0].analyses.comparisons {
        (test.outcome.interval, test.outcome.no_interval) = (None, Some(NoInterval::DegenerateResamples));
    }
    assert_eq!(said(&record)[1], "The best baseline, flops, has 0.500; there is no test of the difference.");
}

#[test]
fn a_baseline_may_come_closest() {
    let mut best = record(0.683, 0.6, 0.5, 0.4);
    assert_eq!(
        said(&best),
        [
            "Of 4 estimators, params (a baseline) comes closest to the true order of these 240 architectures: Kendall's tau-b 0.683 (95 % \
             interval 0.583 to 0.783; 1 is the true order).",
            "In paired tests at 95 %, no estimator beats both params and flops; the best of the others, synflow, has 0.500.",
        ]
    );
    best.panels[0].analyses.comparisons.retain(|test| test.with == "params");
    let one = "In paired tests at 95 %, no estimator beats params; the best of the others, synflow, has 0.500.";
    assert_eq!(said(&best)[1], one);
    let equal = said(&record(0.683, 0.683, 0.5, 0.4));
    assert!(equal[0].starts_with("Of 4 estimators, params and flops (baselines) come closest to "), "{equal:?}");
    assert!(equal[0].contains("tau-b 0.683 (95 % interval 0.583 to 0.783;"), "{equal:?}");
    let mixed = said(&record(0.6, 0.683, 0.683, 0.4));
    assert!(mixed[0].starts_with("Of 4 estimators, flops and synflow come closest to "), "{mixed:?}");
    assert_eq!(mixed[1], "That is not clearly better than the best baseline, flops (0.683).");
}

#[test]
fn equal_values_with_other_intervals_have_no_common_one() {
    let mut record = record(0.683, 0.683, 0.5, 0.4);
    record.panels[0].estimators[0].criteria.kendall.interval = Some(interval(0.5, 0.8));
    assert!(said(&record)[0].ends_with("Kendall's tau-b 0.683 (1 is the true order)."), "{:?}", said(&record));
}

#[test]
fn few_architectures_have_no_interval_and_no_test() {
    let record = fixture::record(9);
    let (found, values) = (said(&record), &record.panels[0].estimators);
    let tau = |place: usize| value_text::fixed(values[place].criteria.kendall.tau_b.unwrap(), 3);
    let first = format!(
        "Of 5 estimators, oneshot_loss (seed 20, epoch 40) comes closest to the true order of these 9 architectures: Kendall's tau-b {} (1 is \
         the true order).",
        tau(4)
    );
    let second = format!(
        "The best baseline, params, has {}; with fewer than 10 architectures there is no test of the difference.",
        tau(0)
    );
    assert_eq!(found[..2], [first, second]);
}

#[test]
fn what_may_be_chance_is_called_so() {
    let chance = "That interval is not above 0, so this may be no better than a random order.";
    let low = said(&record(-0.2, -0.1, 0.08, 0.0));
    assert_eq!(low[1], chance);
    assert!(said(&record(-0.2, -0.1, 0.11, 0.0)).iter().all(|said| said != chance));
}

#[test]
fn without_a_baseline_nothing_is_said_to_be_better_than_one() {
    let mut record = record(0.5, 0.5, 0.7, 0.65);
    let panel = &mut record.panels[0];
    panel.estimators.drain(..2);
    panel.analyses.comparisons.clear();
    assert_eq!(said(&record)[1..], ["There is no baseline beside it: counting parameters may rank as well."]);
    // Only baselines: there is nothing to compare.
    let mut only = fixture::record(60);
    only.panels[0].estimators.truncate(1);
    only.panels[0].analyses.comparisons.clear();
    let found = said(&only);
    assert!(
        found[0].starts_with("params (a baseline) ranks these 60 architectures with a Kendall's tau-b of 0."),
        "{found:?}"
    );
    assert!(found[1..].iter().all(|said| !said.contains("baseline")), "{found:?}");
}

#[test]
fn failures_and_ties_of_the_rankings_that_are_named_are_said() {
    let mut record = record(0.55, 0.58, 0.61, 0.4);
    let plain = said(&record).len();
    record.panels[0].estimators[3].criteria.non_finite.nan = 7;
    assert_eq!(said(&record).len(), plain, "snip is not named");
    record.panels[0].estimators[2].criteria.tie_sensitive = true;
    let ties = "synflow gives equal scores to some architectures. The order of these decides values like P@top.";
    assert_eq!(said(&record).last().unwrap(), ties);
    record.panels[0].estimators[2].criteria.non_finite.nan = 1;
    assert_eq!(said(&record).last().unwrap(), "synflow has 1 score that failed; failed scores rank worst.");
    record.panels[0].estimators[2].criteria.non_finite.positive_infinity = 1_200;
    assert_eq!(said(&record).last().unwrap(), "synflow has 1,201 scores that failed; failed scores rank worst.");
}

#[test]
fn scores_that_do_not_differ_rank_nothing() {
    let mut record = record(0.55, 0.58, 0.61, 0.4);
    for row in &mut record.panels[0].estimators {
        (row.criteria.kendall.tau_b, row.criteria.kendall.interval) = (None, None);
    }
    assert_eq!(said(&record), ["No Kendall's tau-b is defined here; the reason stands below the table."]);
    record.panels[0].estimators.clear();
    assert_eq!(said(&record), ["No estimator ranks these architectures."]);
}

#[test]
fn without_a_truth_only_agreement_is_said() {
    let record = fixture::without_truth(60);
    let found = said(&record);
    let taus: Vec<f64> = {
        let shown: Vec<String> = latest(&record.panels[0].estimators)
            .into_iter()
            .map(|place| record.panels[0].estimators[place].label())
            .collect();
        let of = record.panels[0].analyses.agreement.iter();
        let of = of.filter(|of| shown.contains(&of.estimator) && shown.contains(&of.with));
        of.filter_map(|of| of.agreement.tau_b).collect()
    };
    let (most, least) = (taus.iter().copied().fold(-1.0, f64::max), taus.iter().copied().fold(1.0, f64::min));
    assert_eq!(found[0], "There is no truth here, so nothing says which estimator is right.");
    assert!(found[1].ends_with(&format!(" agree most: Kendall's tau-b {most:.3} (1 is the same order).")), "{found:?}");
    assert!(found[2].ends_with(&format!(" agree least: {}.", value_text::fixed(least, 3))), "{found:?}");
    assert_eq!(found.len(), 3);
}

/// What another training reaches, and a structural baseline with this tau-b that `synflow` is tested against.
fn worth(record: &Record, structural: f64, verdict: Verdict) -> Worth {
    let at = CeilingAt { fraction: 1.0, single: Some(0.8765), rest: Some(0.9123) };
    let runs = ["a", "b", "c"].map(str::to_owned).to_vec();
    let ceiling = Ceiling { runs: 3, rows: 240, tops: vec![at] };
    let count = WorthRow {
        name: "live_convs".to_owned(),
        structure: Some(StructureWorth {
            version: 1,
            interval: None,
            spearman: None,
            ends: Vec::new(),
            ranks_as: None,
        }),
        tops: vec![InTop { fraction: 1.0, rows: 240, tau_b: Some(structural) }],
        shares: vec![None],
        without_dead_operations: None,
        with_live_convolutions: None,
        detail: None,
    };
    let outcome = Comparison { verdict, ..record.panels[0].analyses.comparisons[0].outcome };
    let test = |estimator: &str, with: &str| ComparisonRecord {
        estimator: estimator.to_owned(),
        with: with.to_owned(),
        outcome,
    };
    let panel = PanelWorth {
        panel: record.panels[0].name.clone(),
        architectures: 240,
        tops: vec![1.0],
        ceiling: KnownCeiling::Known { runs, truth_is_mean: false, ceiling },
        rows: vec![count],
        comparisons: vec![test("synflow", "live_convs"), test("snip", "live_convs"), test("live_convs", "params")],
        dead: None,
    };
    Worth { panels: vec![panel] }
}

#[test]
fn structural_baselines_and_the_noise_of_the_truth_count_where_they_are_known() {
    let mut record = record(0.3, 0.5, 0.7, 0.65);
    for with in ["params", "flops"] {
        decide(&mut record, "synflow", with, Verdict::Better);
    }
    let said = |worth: &Worth| sentences(&record.panels[0], worth.panels.first());
    let strong = worth(&record, 0.72, Verdict::Worse);
    let noise = "The truth itself is noisy: another training of these architectures reaches 0.876.";
    assert_eq!(
        said(&strong)[1..],
        [
            "That is worse than the best baseline, live_convs (0.720).",
            "In paired tests at 95 %, no estimator beats all baselines (params, flops, and live_convs, which has no row here).",
            noise,
        ]
    );
    let weak = worth(&record, 0.2, Verdict::Better);
    assert_eq!(
        said(&weak)[1..],
        [
            "In paired tests at 95 %, 1 of 2 tested estimators beats all baselines (params, flops, and live_convs, which has no row here): synflow.",
            "The best baseline, flops, has 0.500.",
            noise,
        ]
    );
    let mut mean = weak.clone();
    let KnownCeiling::Known { truth_is_mean, ceiling, .. } = &mut mean.panels[0].ceiling else { panic!("it is known") };
    (*truth_is_mean, ceiling.rows) = (true, 100);
    let said_of = said(&mean);
    assert_eq!(said_of[3], "The truth itself is noisy: another training of 100 of them reaches 0.912.");
    // A tau-b above that is no mistake.
    let KnownCeiling::Known { ceiling, .. } = &mut mean.panels[0].ceiling else { panic!("it is known") };
    (ceiling.tops[0].single, ceiling.tops[0].rest) = (Some(0.61), Some(0.62));
    let of_a_mean = "reaches 0.620. A score can be above that: the truth is a mean of several trainings.";
    assert!(said(&mean)[3].ends_with(of_a_mean), "{:?}", said(&mean));
    let KnownCeiling::Known { truth_is_mean, .. } = &mut mean.panels[0].ceiling else { panic!("it is known") };
    *truth_is_mean = false;
    let of_one = "reaches 0.610. A score can be above that: both trainings are noisy.";
    assert!(said(&mean)[3].ends_with(of_one), "{:?}", said(&mean));
}

#[test]
fn every_form_has_the_same_sentences() {
    let record = record(0.3, 0.5, 0.7, 0.65);
    let worth = worth(&record, 0.72, Verdict::Worse);
    let due = sentences(&record.panels[0], worth.panels.first());
    let beside = Beside { worth: Some(&worth), ..Beside::default() };
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = plain(&terminal(&record, beside, 80));
    let page = html(&record, beside).unwrap();
    let said = due.join(" ");
    assert!(text.contains(&format!("representatives: 240 architectures {said}")), "{text}");
    let escaped = said.replace("live_convs", "live\\_convs");
    assert!(markdown(&record, beside).contains(&format!("## representatives: 240 architectures\n\n{escaped}\n")));
    let of_page = page.split_once("class=\"finding\">").unwrap().1.split_once("</div>").unwrap().0;
    // Without its tags.
    let of_page: String = of_page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    let of_page = plain(&of_page.replace("&#x27;", "'").replace('\u{a0}', " "));
    assert_eq!(of_page, said, "one panel: at the head of the page");
    assert_eq!(page.matches("class=\"finding\"").count(), 1);
}

#[test]
fn several_panels_have_a_sentence_each_at_the_head_and_all_of_them_below() {
    let mut record = record(0.3, 0.5, 0.7, 0.65);
    let mut other = record.panels[0].clone();
    other.name = "other".to_owned();
    record.panels.push(other);
    let page = html(&record, None).unwrap();
    assert_eq!(page.matches("class=\"finding\"").count(), 4);
    let first = page.split_once("<main>").unwrap().0;
    assert_eq!(first.matches("comes closest").count(), 2);
    assert!(
        !first.contains("In paired tests") && first.contains("<a href=\"#panel-1\">other</a>: Of 4 estimators"),
        "{first}"
    );
}

#[test]
fn few_baselines_are_named_and_many_are_counted() {
    let names = ["params", "flops", "relu_count", "depth", "live_convs", "log_width"];
    let said = [1, 2, 3, 5, 6].map(|few| all_of(&names[..few], &[]));
    assert_eq!(
        said,
        [
            "params",
            "both params and flops",
            "all baselines (params, flops, relu_count)",
            "all baselines (params, flops, relu_count, depth, live_convs)",
            "all 6 tested baselines",
        ]
    );
    // Those without a row are told apart, unless none has one.
    let said = [(&names[..0], &names[..1]), (&names[..1], &names[3..4]), (&names[..2], &names[3..5])];
    assert_eq!(
        said.map(|(names, further)| all_of(names, further)),
        [
            "params",
            "all baselines (params, and depth, which has no row here)",
            "all baselines (params, flops, and depth and live_convs, which have no row here)",
        ]
    );
    assert_eq!(all_of(&[], &names[..3]), all_of(&names[..3], &[]));
    assert_eq!(all_of(&names[..3], &names[3..]), "all 6 tested baselines");
}

#[test]
fn one_estimator_beside_baselines_comes_first() {
    let mut record = record(0.5, 0.6, 0.4, 0.3);
    record.panels[0].estimators.truncate(3);
    decide(&mut record, "synflow", "flops", Verdict::Worse);
    let found = said(&record);
    assert!(
        found[0].starts_with("synflow ranks these 240 architectures with a Kendall's tau-b of 0.400 ("),
        "{found:?}"
    );
    assert_eq!(found[1], "That is worse than the best baseline, flops (0.600).");
    assert_eq!(found[2], "In paired tests at 95 %, it does not beat both params and flops.");
    assert!(found.iter().all(|said| !said.contains("closest")), "{found:?}");
    // Beside one that ranks nothing, params or flops come first: then "it" would be one of them.
    let mut two = self::record(0.5, 0.6, 0.4, 0.3);
    decide(&mut two, "synflow", "flops", Verdict::Worse);
    two.panels[0].estimators[3].criteria.kendall.tau_b = None;
    let tests = "In paired tests at 95 %, no estimator beats both params and flops; the best of the others, synflow, has 0.400.";
    assert!(said(&two).contains(&tests.to_owned()), "{:?}", said(&two));
    // What has no tau-b is named, too.
    record.panels[0].estimators[2].criteria.kendall.tau_b = None;
    let found = said(&record);
    assert_eq!(found[0], "synflow ranks nothing: its Kendall's tau-b is undefined.");
    assert!(found[1].contains("flops (a baseline) comes closest"), "{found:?}");
}
