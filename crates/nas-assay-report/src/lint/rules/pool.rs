//! L16: whether a score depends on the other architectures that were scored with it.

use nas_assay_base::seed::Seed;
use nas_assay_criteria::{PairCounts, VoteRule};
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::EstimatorRecord;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation};

pub(super) const RULE: Rule = Rule {
    id: "L16",
    name: "pool",
    definition: "Does a score depend on which other architectures were scored with it? A sum of ranks does, and so \
        do scores that are divided by the greatest of them. A vote is computed once more in a random half of the \
        pool.",
    threshold: "Passes if each score depends on its architecture alone, or if tau between the rankings in the whole \
        pool and in a half is .98 or more. Warns below: then the ranking holds for this pool only.",
    check,
};

const LEAST: f64 = 0.98;

fn check(claim: &Claim<'_>) -> Outcome {
    if claim.estimator.kind == EstimatorKind::Vote {
        return match in_half(claim) {
            Ok(tau) => judged(tau, "in a random half of the architectures"),
            Err(why) => Outcome::undecidable(why),
        };
    }
    if claim.is_computed_here() {
        return Outcome::pass("Each score was computed for its architecture alone.");
    }
    match (claim.declared.aggregates_pool, claim.declared.pool_agreement) {
        (Some(false), _) => Outcome::pass("Each score is declared to depend on its architecture alone."),
        (Some(true), Some(tau)) => judged(tau, "in a half of the pool, as declared"),
        (Some(true), None) => Outcome::undeclared(
            &["pool-agreement"],
            "Scores are declared to depend on the pool, but their tau with those in a half of it is not known",
        ),
        (None, _) => Outcome::undeclared(&["aggregates-pool"], "It is not known whether scores depend on the pool"),
    }
}

fn judged(tau: f64, place: &str) -> Outcome {
    let said = format!("Tau with the ranking {place} is {}.", correlation(tau));
    let outcome = if tau < LEAST {
        Outcome::warn(format!("{said} So the ranking holds for this pool only."))
    } else {
        Outcome::pass(said)
    };
    outcome.number("tau with the ranking in a half", Some(tau), correlation(tau))
}

/// Tau of a vote with the same vote in a random half of the architectures, there; or why there is none.
fn in_half(claim: &Claim<'_>) -> Result<f64, &'static str> {
    let Some((rule, members)) = members(claim) else { return Err("The members of the vote are not in the record.") };
    let mut stream = Seed::root(1).child("half pool").stream();
    let mut rows: Vec<usize> = (0..claim.count()).collect();
    for last in (1..rows.len()).rev() {
        rows.swap(last, stream.index(last + 1));
    }
    rows.truncate(claim.count().div_ceil(2));
    let half = |scores: &[f64]| rows.iter().map(|&row| scores[row]).collect::<Vec<f64>>();
    let voters: Vec<Vec<f64>> = members.iter().map(|scores| half(scores)).collect();
    let tau = PairCounts::new(&half(&claim.scores), &rule.score(&voters)).tau_b();
    tau.ok_or("In a random half of the architectures, tau with the ranking is undefined.")
}

/// The rule of a vote, and the scores of its members; `None` if the record does not have them.
fn members(claim: &Claim<'_>) -> Option<(VoteRule, Vec<Vec<f64>>)> {
    let vote = claim.vote()?;
    let rule: VoteRule =
        vote.get("rule").map_or(Some(VoteRule::default()), |rule| serde_json::from_value(rule.clone()).ok())?;
    let member = |id: &serde_json::Value| {
        let id = id.as_str()?;
        let is_member = |of: &&EstimatorRecord| of.id == id && of.variant == claim.estimator.variant;
        claim.panel.estimators.iter().find(is_member).map(EstimatorRecord::oriented)
    };
    let all = vote.get("members")?.as_array()?.iter().map(member).collect::<Option<Vec<Vec<f64>>>>()?;
    Some((rule, all))
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    #[test]
    fn what_is_declared_of_a_pool_is_judged() {
        let mut made = Made::noisy(40, 0.5);
        assert_eq!(made.find("L16").verdict, Verdict::Pass, "a formula of this program");
        made.mine_mut().kind = EstimatorKind::External;
        for (text, verdict) in [
            ("", Verdict::Undecidable),
            ("aggregates-pool = false", Verdict::Pass),
            ("aggregates-pool = true", Verdict::Undecidable),
            ("aggregates-pool = true\npool-agreement = 0.98", Verdict::Pass),
            ("aggregates-pool = true\npool-agreement = 0.9799", Verdict::Warn),
        ] {
            made.declare(text);
            assert_eq!(made.find("L16").verdict, verdict, "{text}");
        }
    }

    /// A vote of two members with this much noise.
    fn vote(rows: usize, noise: f64) -> super::super::super::finding::Finding {
        let mut made = Made::noisy(rows, noise);
        let members = [made.truth(), made.scores()];
        for (id, scores) in ["a", "b"].into_iter().zip(members.clone()) {
            made.rival(id, EstimatorKind::ZeroShot, scores);
        }
        made.set_scores(VoteRule::Borda.score(&members));
        made.mine_mut().kind = EstimatorKind::Vote;
        made.record_mut().spec["spec"]["panels"]["representatives"]["votes"] =
            serde_json::json!({"mine": {"members": ["a", "b"], "rule": "borda"}});
        made.find("L16")
    }

    #[test]
    fn a_vote_is_counted_again_in_half_of_the_pool() {
        let same = vote(60, 0.0);
        assert_eq!((same.verdict, same.numbers[0].value), (Verdict::Pass, Some(1.0)));
        let none = vote(1, 0.0);
        assert!(none.verdict == Verdict::Undecidable && none.said.ends_with("is undefined."), "{none:?}");
        let few = vote(20, 3.0);
        assert!(few.verdict == Verdict::Warn && few.numbers[0].value.unwrap() > 0.5, "{few:?}");
    }
}
