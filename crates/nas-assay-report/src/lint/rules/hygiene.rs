//! L20: whether the rows and the numbers are as they should be.

use std::collections::BTreeSet;

use nas_assay_criteria::{Criterion, PairCounts};
use nas_assay_schema::store::record::{EstimatorRecord, RowClass};

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation};
use crate::other_papers::Agreement;
use crate::value_text::{self, count};

pub(super) const RULE: Rule = Rule {
    id: "L20",
    name: "hygiene",
    definition: "Are rows and numbers as they should be? The lint looks for architectures that are judged twice, and \
        for rows that contradict earlier ones. It looks for a tau and a rho that equal those of another name to \
        three digits, and for a tau further from zero than its rho. It looks for printed values of the same name \
        that differ.",
    threshold: "Warns about each of these. Each was found in a published table. It came from a mistake in copying, \
        in a sign, or in the choice of rows.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let mut found: Vec<String> = Vec::new();
    let texts: BTreeSet<&str> = claim.panel.architectures.iter().map(|row| row.architecture.as_str()).collect();
    let twice = claim.count() - texts.len();
    if twice > 0 {
        found.push(format!("{} rows have the architecture of an earlier row.", count(twice)));
    }
    let contradicting = claim.coverage().map_or(0, |coverage| coverage.count(RowClass::Contradicting)) as usize;
    if contradicting > 0 {
        found.push(format!(
            "{} rows of the file have another score than an earlier row with the same architecture.",
            count(contradicting)
        ));
    }
    let same = same_numbers(claim);
    if !same.is_empty() {
        found.push(format!("To three digits, tau and rho equal those of {}.", same.join(", ")));
    }
    let criteria = &claim.estimator.criteria;
    if let (Some(tau), Some(rho)) = (criteria.kendall.tau_b, criteria.spearman)
        && is_further(tau, rho)
    {
        found.push(format!("Tau ({}) is further from zero than rho ({}).", correlation(tau), correlation(rho)));
    }
    let printed = claim.printed.as_ref().filter(|printed| printed.verdict == Agreement::Differs);
    if let Some(printed) = printed {
        let causes = if printed.causes.is_empty() { String::new() } else { format!(": {}", printed.causes.join("; ")) };
        found.push(format!("Printed values for this name differ{causes}."));
    }
    let outcome = if !found.is_empty() {
        Outcome::warn(found.join(" "))
    } else if rounded(claim.estimator).is_none() {
        Outcome::undecidable(
            "No architecture is judged twice. Tau or rho is undefined, so they are not compared with others.",
        )
    } else {
        Outcome::pass("No architecture is judged twice, and tau and rho do not equal those of another estimator.")
    };
    outcome
        .number("rho", criteria.spearman, value_text::value(Criterion::Spearman, criteria.spearman))
        .count("rows with the architecture of an earlier one", twice)
        .count("rows that contradict earlier ones", contradicting)
}

/// From this tau on two rankings are the same.
const SAME: f64 = 0.98;

/// Whether tau is further from zero than rho. Rounding to three digits may make two that are close look so.
fn is_further(tau: f64, rho: f64) -> bool {
    tau.abs() > rho.abs() + 0.001
}

/// Tau and rho to three digits; `None` if one of them is undefined.
fn rounded(of: &EstimatorRecord) -> Option<[String; 2]> {
    let three = |value: f64| value_text::fixed(value, 3);
    Some([three(of.criteria.kendall.tau_b?), three(of.criteria.spearman?)])
}

/// The other estimators whose tau and rho are the same to three digits. One with the same ranking is another lint's matter.
fn same_numbers(claim: &Claim<'_>) -> Vec<String> {
    let Some(own) = rounded(claim.estimator) else { return Vec::new() };
    let last = crate::checkpoints::latest(&claim.panel.estimators);
    let others = last.into_iter().map(|place| &claim.panel.estimators[place]);
    let is_other = |of: &&EstimatorRecord| {
        let ranks = PairCounts::new(&of.oriented(), &claim.scores).tau_b();
        of.id != claim.estimator.id && of.variant.is_none() && ranks.is_none_or(|tau| tau < SAME)
    };
    let others = others.filter(is_other);
    others.filter(|of| rounded(of).as_ref() == Some(&own)).map(EstimatorRecord::label).collect()
}

#[cfg(test)]
mod tests {
    use nas_assay_schema::estimator::EstimatorKind;
    use nas_assay_schema::store::record::{ClassRows, CoverageRecord};

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    #[test]
    fn an_architecture_is_judged_once() {
        let mut made = Made::noisy(40, 0.5);
        assert_eq!(made.find("L20").verdict, Verdict::Pass);
        let first = made.record().panels[0].architectures[0].architecture.clone();
        made.architectures(vec![first.clone(), first]);
        let found = made.find("L20");
        assert_eq!((found.verdict, found.numbers[1].value), (Verdict::Warn, Some(1.0)));
    }

    #[test]
    fn rows_contradict_no_earlier_ones() {
        for (class, verdict) in [(RowClass::Repeated, Verdict::Pass), (RowClass::Contradicting, Verdict::Warn)] {
            let mut made = Made::noisy(40, 0.5);
            let classes = vec![ClassRows { class, rows: 1, first: Vec::new() }];
            made.record_mut().panels[0].coverage = vec![CoverageRecord { scores: "mine".to_owned(), rows: 1, classes }];
            assert_eq!(made.find("L20").verdict, verdict);
        }
    }

    #[test]
    fn numbers_of_another_name_are_seen_to_three_digits() {
        for (distance, verdict) in [(0.0, Verdict::Warn), (0.001, Verdict::Pass)] {
            let mut made = Made::noisy(60, 0.5);
            made.rival("other", EstimatorKind::ZeroShot, made.truth());
            let criteria = &mut made.record_mut().panels[0].estimators;
            let (tau, rho) = (criteria[1].criteria.kendall.tau_b, criteria[1].criteria.spearman);
            criteria[2].criteria.kendall.tau_b = tau.map(|tau| tau + distance);
            criteria[2].criteria.spearman = rho;
            assert_eq!(made.find("L20").verdict, verdict, "{distance}");
        }
    }

    #[test]
    fn tau_is_nearer_to_zero_than_rho() {
        assert!(!is_further(0.5, 0.7) && !is_further(-0.5, -0.7) && !is_further(0.67, 0.6695));
        assert!(is_further(0.67, 0.668) && is_further(-0.67, -0.66));
    }
}
