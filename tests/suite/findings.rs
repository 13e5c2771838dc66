//! Findings of Ning et al. 2021 (Sec. 5) on zero-shot estimators, checked on a record of 300 NAS-Bench-201 architectures at full size:
//! the findings that hold there, and the findings that do not.
//!
//! The golden test of `real-nb201-zeroshot` calls [`hold`] with its numbers.

use std::collections::BTreeMap;
use std::fmt::Display;

use nas_assay::criteria::rank::PairCounts;

/// Estimators that sum something over all parameters.
const PARAMETER_LEVEL: [&str; 6] = ["grad_norm", "snip", "plain", "grasp", "fisher", "synflow"];

/// The parameter-level estimators and the two that compare images.
const ZERO_SHOT: [&str; 8] = ["grad_norm", "snip", "plain", "grasp", "fisher", "synflow", "jacob_cov", "relu_logdet"];

/// Estimators whose gradients explode in chains without skips.
const GRADIENT: [&str; 4] = ["grad_norm", "snip", "grasp", "fisher"];

/// The functions of this list, each with its name.
macro_rules! named {
    ($($finding:ident),* $(,)?) => { [$((stringify!($finding), $finding)),*] };
}

/// A finding: it panics where the lines do not show it.
type Check = fn(&Finding<'_>);

/// The findings by name.
const FINDINGS: [(&str, Check); 7] = named![
    no_parameter_level_estimator_beats_the_number_of_parameters,
    none_finds_more_of_the_best_than_the_number_of_parameters_does,
    relu_logdet_counts_relus,
    estimators_that_compare_images_prefer_small_kernels,
    gradient_based_estimators_hold_a_skip_against_an_architecture,
    some_scores_depend_little_on_input_and_initialisation_and_others_much,
    votes_help_here_though_they_did_not_in_the_paper,
];

/// Checks every finding on the pinned lines of a record (`class panel.key = value`). The record must have a panel `sample` of 300
/// architectures.
///
/// # Panics
/// If a finding does not hold or a number is missing. The message begins with the name of the finding.
pub fn hold(lines: &str) {
    let pair = |line: &str| {
        let (key, value) = line.rsplit_once(" = ")?;
        Some((key.split_once("sample.")?.1.to_owned(), value.to_owned()))
    };
    let values: BTreeMap<String, String> = lines.lines().filter_map(pair).collect();
    for (name, check) in FINDINGS {
        check(&Finding { name, values: &values });
    }
}

/// A finding, and the values of the record by key.
struct Finding<'a> {
    name: &'static str,
    values: &'a BTreeMap<String, String>,
}

impl Finding<'_> {
    /// Panics with the name of the finding and `details` if `holds` is false.
    #[track_caller]
    fn check(&self, holds: bool, details: impl Display) {
        assert!(holds, "{}: {details}", self.name);
    }

    #[track_caller]
    fn text(&self, key: &str) -> &str {
        self.values.get(key).unwrap_or_else(|| panic!("{}: {key} is not pinned", self.name))
    }

    #[track_caller]
    fn number(&self, key: &str) -> f64 {
        let text = self.text(key);
        text.parse().unwrap_or_else(|_| panic!("{}: {key} is `{text}`, which is not a number", self.name))
    }

    /// How much more often the score increases than the truth where `from` is replaced by `to`.
    fn overestimate(&self, id: &str, from: &str, to: &str) -> f64 {
        let part = |what: &str| self.number(&format!("{id}.{from}>{to}.{what}_increases"));
        part("score") - part("truth")
    }

    /// The scores of all architectures.
    fn scores(&self, id: &str) -> Vec<f64> {
        let keys = self.values.keys().filter(|key| key.strip_prefix(id).is_some_and(|rest| rest.starts_with('#')));
        let scores: Vec<f64> = keys.map(|key| self.number(key)).collect();
        self.check(scores.len() == 300, format!("{} scores of {id}", scores.len()));
        scores
    }
}

fn no_parameter_level_estimator_beats_the_number_of_parameters(finding: &Finding<'_>) {
    for id in PARAMETER_LEVEL {
        for baseline in ["params", "flops"] {
            let difference = finding.number(&format!("{id} against {baseline}.difference"));
            let verdict = finding.text(&format!("{id} against {baseline}.verdict"));
            let details = format!("{id} against {baseline}: {difference}, {verdict}");
            finding.check(difference < 0.0 && verdict != "Better", details);
        }
    }
    // All except synflow are worse, with an interval that excludes 0.
    let worse = |id: &&&str| finding.text(&format!("{id} against params.verdict")) == "Worse";
    let count = PARAMETER_LEVEL.iter().filter(worse).count();
    finding.check(count == 5, format!("{count} are worse than params"));
}

fn none_finds_more_of_the_best_than_the_number_of_parameters_does(finding: &Finding<'_>) {
    let top = |id: &str| finding.number(&format!("{id}.P@top0.05"));
    for id in ZERO_SHOT {
        let details = format!("{id}: {} of the best 5 %, params {}", top(id), top("params"));
        finding.check(top(id) < top("params"), details);
    }
    finding.check(top("jacob_cov") < 0.1, format!("jacob_cov: {}; published: 8.7 %", top("jacob_cov")));
}

fn relu_logdet_counts_relus(finding: &Finding<'_>) {
    let tau = PairCounts::new(&finding.scores("relu_count"), &finding.scores("relu_logdet")).tau_b().unwrap();
    finding.check((0.85..0.91).contains(&tau), format!("{tau}; published: .88"));
}

fn estimators_that_compare_images_prefer_small_kernels(finding: &Finding<'_>) {
    let over = |id: &str| finding.overestimate(id, "nor_conv_3x3", "nor_conv_1x1");
    for id in ["jacob_cov", "relu_logdet"] {
        finding.check(over(id) > 0.4, format!("{id}: {}", over(id)));
    }
    for id in PARAMETER_LEVEL.into_iter().filter(|&id| id != "plain" && id != "fisher") {
        finding.check(over(id) < 0.2, format!("{id}: {}", over(id)));
    }
}

fn gradient_based_estimators_hold_a_skip_against_an_architecture(finding: &Finding<'_>) {
    for id in GRADIENT {
        // A skip in place of no operation always raises the accuracy, and lowers these scores.
        let truth = finding.number(&format!("{id}.none>skip_connect.truth_increases"));
        finding.check(truth == 1.0, format!("{id}: {truth} of the truths increase"));
        for (from, bound) in [("none", -0.5), ("nor_conv_1x1", -0.2)] {
            let over = finding.overestimate(id, from, "skip_connect");
            finding.check(over < bound, format!("{id}, {from} to skip_connect: {over}"));
        }
    }
}

fn some_scores_depend_little_on_input_and_initialisation_and_others_much(finding: &Finding<'_>) {
    let agreement = |id: &str, variant: &str| finding.number(&format!("{id}_({variant}).agreement"));
    let check = |id: &str, variant: &str, holds: fn(f64) -> bool| {
        let found = agreement(id, variant);
        finding.check(holds(found), format!("{id}, {variant}: {found}"));
    };
    for variant in ["gaussian", "seed2020"] {
        for id in ["grad_norm", "snip", "synflow", "relu_logdet"] {
            check(id, variant, |found| found > 0.8);
        }
        // The paper says that no estimator depends much on them. These two do: batch-norm makes the sum that `plain` takes close to 0.
        check("plain", variant, |found| found < 0.1);
        check("grasp", variant, |found| found < 0.7);
    }
    check("jacob_cov", "gaussian", |found| found < 0.8);
}

fn votes_help_here_though_they_did_not_in_the_paper(finding: &Finding<'_>) {
    let tau = |id: &str| finding.number(&format!("{id}.tau_b"));
    for (vote, members) in
        [("paper", ["relu_logdet", "jacob_cov", "synflow"]), ("zero-cost", ["synflow", "jacob_cov", "snip"])]
    {
        for member in members {
            let details = format!("{vote}: {}, {member}: {}", tau(vote), tau(member));
            finding.check(tau(member) < tau(vote), details);
        }
    }
    for (vote, expected) in [("paper", "Better"), ("zero-cost", "Undecided")] {
        let verdict = finding.text(&format!("{vote} against params.verdict"));
        finding.check(verdict == expected, format!("{vote} against params: {verdict}"));
    }
}
