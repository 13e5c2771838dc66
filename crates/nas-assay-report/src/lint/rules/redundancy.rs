//! L14: whether the claim ranks as something else does.

use nas_assay_criteria::PairCounts;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation, listed};

pub(super) const RULE: Rule = Rule {
    id: "L14",
    name: "redundancy",
    definition: "Does it rank like something else? Its ranking is compared with that of every other estimator of the \
        panel, and with the counts of the architectures. Two names with one ranking are one method, and an ensemble \
        should count it once.",
    threshold: "Warns if Kendall's tau with another ranking is above .98: then the two order fewer than one pair in \
        a hundred differently. Warns below -.98, too: then one ranking is almost the reverse of the other.",
    check,
};

const MOST: f64 = 0.98;

fn check(claim: &Claim<'_>) -> Outcome {
    let mut found: Vec<(String, f64)> = Vec::new();
    for (name, scores) in claim.rivals().into_iter().chain(claim.counts()) {
        if let Some(tau) = PairCounts::new(&scores, &claim.scores).tau_b() {
            found.push((name, tau));
        }
    }
    // The nearest first; of equals, in the order of the record.
    found.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    let Some((nearest, tau)) = found.first() else {
        return Outcome::undecidable(
            "There is no other ranking to compare it with, or tau with the others is undefined.",
        );
    };
    let same: Vec<String> = found
        .iter()
        .filter(|(_, tau)| tau.abs() > MOST)
        .map(|(name, tau)| {
            let way = if *tau < 0.0 { "the reverse of " } else { "" };
            format!("{way}{name} (tau {})", correlation(*tau))
        })
        .collect();
    let outcome = if same.is_empty() {
        Outcome::pass(format!(
            "Compared with {} other rankings. The closest is {nearest}, with a tau of {}.",
            found.len(),
            correlation(*tau)
        ))
    } else {
        Outcome::warn(format!("It ranks almost exactly like {}.", listed(&same)))
    };
    let shown = found.iter().take(same.len().max(3));
    shown
        .fold(outcome, |outcome, (name, tau)| outcome.number(format!("tau with {name}"), Some(*tau), correlation(*tau)))
}

#[cfg(test)]
mod tests {
    use nas_assay_schema::estimator::EstimatorKind;

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    /// A rival that ranks a hundred architectures as the claim does but for so many exchanges of neighbours, or the other way round.
    fn with(exchanges: usize, sign: f64) -> Verdict {
        let mut made = Made::noisy(100, 0.5);
        let scores: Vec<f64> = (0..100).map(f64::from).collect();
        let mut rival = scores.clone();
        // The first is moved up by one place for each exchange.
        rival[..=exchanges].rotate_left(1);
        made.set_scores(scores);
        made.rival("rival", EstimatorKind::ZeroShot, rival.iter().map(|score| sign * score).collect());
        let found = made.find("L14");
        assert!(found.numbers[0].name == "tau with rival", "{found:?}");
        let says = |text: &str| found.said.contains(text);
        assert_eq!(
            says("It ranks almost exactly like the reverse of rival (tau -"),
            found.verdict == Verdict::Warn && sign < 0.0
        );
        assert_eq!(says("It ranks almost exactly like rival (tau 0"), found.verdict == Verdict::Warn && sign > 0.0);
        found.verdict
    }

    #[test]
    fn one_pair_in_a_hundred_tells_two_rankings_apart() {
        // Of 4,950 pairs, 49 exchanges leave a tau of .9802, and 50 one of .9798.
        assert_eq!([with(49, 1.0), with(50, 1.0)], [Verdict::Warn, Verdict::Pass]);
        assert_eq!([with(49, -1.0), with(50, -1.0)], [Verdict::Warn, Verdict::Pass]);
    }

    #[test]
    fn a_constant_has_no_ranking() {
        let mut made = Made::noisy(40, 0.5);
        made.set_scores(vec![1.0; 40]);
        assert_eq!(made.find("L14").verdict, Verdict::Undecidable);
    }
}
