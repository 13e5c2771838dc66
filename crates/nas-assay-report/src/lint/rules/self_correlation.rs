//! L7: how well the estimator agrees with itself under another seed.

use nas_assay_criteria::rank::spearman;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::EstimatorRecord;
use serde_json::Value;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation};

pub(super) const RULE: Rule = Rule {
    id: "L7",
    name: "self-correlation",
    definition: "How well does the estimator agree with itself under another initialisation, batch or noise? The \
        measure is Spearman's rho of the two sets of scores. No other implementation can agree better with it. A \
        mean of several runs agrees better than one run does (Spearman and Brown 1910).",
    threshold: "Warns below .95, fails below .8. Between two runs, one minus rho is the part of the variance of the \
        ranks that comes from the seed and not from the architecture. At .8 it is a fifth.",
    check,
};

const WARN: f64 = 0.95;
const FAIL: f64 = 0.8;

fn check(claim: &Claim<'_>) -> Outcome {
    if claim.estimator.kind == EstimatorKind::Baseline && claim.is_computed_here() {
        return Outcome::pass("A count does not depend on a seed, so it always agrees with itself.");
    }
    let runs = claim.runs();
    let averaged = claim.estimator.checkpoint.as_ref().map_or(1, |checkpoint| checkpoint.ensemble.len().max(1));
    let scores: Vec<Vec<f64>> = runs.iter().map(|run| run.oriented()).collect();
    if let Some(single) = mean_of_pairs(&scores) {
        let stepped = stepped_up(single, averaged);
        let names: Vec<String> = runs.iter().map(|run| run.about()).collect();
        let mean = if averaged > 1 {
            format!(", and {} for the mean of {averaged}", correlation(stepped))
        } else {
            String::new()
        };
        let said = format!("{} between runs of it ({}){mean}.", correlation(single), names.join("; "));
        return judged(stepped, &said)
            .number("rho between two runs", Some(single), correlation(single))
            .number("rho of what is judged", Some(stepped), correlation(stepped))
            .count("runs", runs.len());
    }
    if scores.len() > 1 {
        return Outcome::undecidable(
            "There are several runs of it, but rho between two of them is undefined: one is constant.",
        );
    }
    if let Some((variant, rho)) = of_other_seeds(claim) {
        let Some(rho) = rho else {
            return Outcome::undecidable(format!(
                "Rho with the scores of other seeds ({}) is undefined: one of the two is constant.",
                variant.about()
            ));
        };
        let said = format!("{} with the scores of other seeds ({}).", correlation(rho), variant.about());
        return judged(rho, &said).number("rho with other seeds", Some(rho), correlation(rho));
    }
    if let Some(rho) = claim.declared.self_correlation {
        let said = format!("{}, as declared and not measured here.", correlation(rho));
        return judged(rho, &said).number("declared rho", Some(rho), correlation(rho));
    }
    let how = if claim.is_of_file() {
        "`--column a,b` takes the scores of two seeds from the file"
    } else {
        "a variant of the spec with other seeds gives them"
    };
    Outcome::undecidable(format!(
        "Not tested, because there are no scores of a second seed: {how}, or the authors declare `self-correlation`."
    ))
}

fn judged(rho: f64, said: &str) -> Outcome {
    if rho < FAIL {
        Outcome::fail(format!("It does not agree with itself. Rho is {said} It should be {WARN} or more."))
    } else if rho < WARN {
        Outcome::warn(format!("It does not agree well with itself. Rho is {said} It should be {WARN} or more."))
    } else {
        Outcome::pass(format!("It agrees with itself. Rho is {said}"))
    }
}

/// The mean of Spearman's rho over all pairs; `None` for fewer than two, or if one is undefined.
fn mean_of_pairs(runs: &[Vec<f64>]) -> Option<f64> {
    let pairs = (0..runs.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
    let all: Option<Vec<f64>> = pairs.map(|(first, second)| spearman(&runs[first], &runs[second])).collect();
    let all = all.filter(|all| !all.is_empty())?;
    Some(all.iter().sum::<f64>() / all.len() as f64)
}

/// The correlation of the means of so many runs with each other, from that of single runs. Of a negative one there is no such thing.
fn stepped_up(single: f64, runs: usize) -> f64 {
    let runs = runs as f64;
    if single > 0.0 { runs * single / (1.0 + (runs - 1.0) * single) } else { single }
}

/// The settings of the estimator with other seeds, none of which it shares, and nothing else changed; and Spearman's rho with them, `None` if
/// it is undefined.
fn of_other_seeds<'a>(claim: &Claim<'a>) -> Option<(&'a EstimatorRecord, Option<f64>)> {
    let settings = |variant: Option<&str>| {
        let Some(name) = variant else { return claim.spec(&["zero-shot"]) };
        let changed = claim.spec(&["variants", name])?.as_object()?;
        changed.get("zero-shot").filter(|_| changed.len() == 1)
    };
    let own = settings(claim.estimator.variant.as_deref())?;
    let without_seeds = |settings: &Value| {
        let mut settings = settings.clone();
        settings.as_object_mut().map(|settings| settings.remove("seeds"));
        settings
    };
    let is_reseeded = |theirs: &Value| {
        let seeds = |settings: &'a Value| settings.get("seeds")?.as_array();
        let Some((mine, others)) = seeds(own).zip(theirs.get("seeds").and_then(Value::as_array)) else { return false };
        mine.iter().all(|seed| !others.contains(seed)) && without_seeds(own) == without_seeds(theirs)
    };
    let other = claim.panel.estimators.iter().find(|other| {
        other.variant != claim.estimator.variant
            && (&other.id, &other.checkpoint) == (&claim.estimator.id, &claim.estimator.checkpoint)
            && settings(other.variant.as_deref()).is_some_and(is_reseeded)
    })?;
    Some((other, spearman(&claim.scores, &other.oriented())))
}

#[cfg(test)]
mod tests {
    use nas_assay_schema::store::record::Checkpoint;

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    /// Scores with this Spearman's rho to the numbers from 0 to 100, as near as exchanges of neighbours give it from above.
    fn with_rho(least: f64) -> (Vec<f64>, f64) {
        let base: Vec<f64> = (0..101).map(f64::from).collect();
        let mut other = base.clone();
        for step in 1.. {
            let mut next = base.clone();
            next[..=step].reverse();
            if spearman(&base, &next).unwrap() < least {
                break;
            }
            other = next;
        }
        let rho = spearman(&base, &other).unwrap();
        (other, rho)
    }

    /// The claim with a second column whose rho to it is just above or below `threshold`.
    fn columns(threshold: f64, is_above: bool) -> super::super::super::finding::Finding {
        let (above, rho) = with_rho(threshold);
        assert!(rho >= threshold && rho < threshold + 0.02, "{rho}");
        let scores = if is_above { above } else { with_rho(threshold - 0.02).0 };
        let mut made = Made::noisy(101, 0.5);
        made.set_scores((0..101).map(f64::from).collect());
        made.mine_mut().checkpoint = Some(Checkpoint::single("a", 0));
        made.rival("mine", EstimatorKind::External, scores);
        made.record_mut().panels[0].estimators[2].checkpoint = Some(Checkpoint::single("b", 0));
        made.find("L7")
    }

    #[test]
    fn two_columns_agree_or_not() {
        assert_eq!(columns(0.95, true).verdict, Verdict::Pass);
        assert_eq!(columns(0.95, false).verdict, Verdict::Warn);
        assert_eq!(columns(0.8, true).verdict, Verdict::Warn);
        let found = columns(0.8, false);
        assert_eq!((found.verdict, found.numbers[2].value), (Verdict::Fail, Some(2.0)));
        assert!(found.said.contains("(column a; column b)"), "{}", found.said);
    }

    #[test]
    fn what_is_declared_counts_if_nothing_is_measured() {
        let mut made = Made::noisy(60, 0.5);
        assert_eq!(made.find("L7").verdict, Verdict::Undecidable);
        for (rho, verdict) in [("0.95", Verdict::Pass), ("0.9499", Verdict::Warn), ("0.7999", Verdict::Fail)] {
            made.declare(&format!("self-correlation = {rho}"));
            assert_eq!(made.find("L7").verdict, verdict, "{rho}");
        }
    }

    #[test]
    fn a_variant_with_other_seeds_is_a_second_run_and_one_with_another_input_is_not() {
        let settings = |input: &str, seeds: &[&str]| serde_json::json!({"input": input, "batch": 64, "seeds": seeds});
        for (variant, verdict) in [
            (settings("images", &["2020"]), Verdict::Pass),
            (settings("gaussian", &["2020"]), Verdict::Undecidable),
            (settings("images", &["20"]), Verdict::Undecidable),
            // A seed that both have makes them agree.
            (settings("images", &["20", "2020"]), Verdict::Undecidable),
            (settings("images", &["202020", "2020"]), Verdict::Pass),
        ] {
            let mut made = Made::noisy(60, 0.5);
            let spec = &mut made.record_mut().spec["spec"];
            spec["zero-shot"] = settings("images", &["20"]);
            spec["variants"] = serde_json::json!({"other": {"zero-shot": variant}});
            made.rival("mine", EstimatorKind::ZeroShot, made.scores());
            made.record_mut().panels[0].estimators[2].variant = Some("other".to_owned());
            assert_eq!(made.find("L7").verdict, verdict, "{variant}");
        }
    }

    /// The claim is a variant: it is no second run of itself, but one of the settings of the spec.
    #[test]
    fn a_variant_is_not_compared_with_itself() {
        let settings = |seeds: &[&str]| serde_json::json!({"input": "images", "seeds": seeds});
        for (base, verdict) in [("20", Verdict::Fail), ("2020", Verdict::Undecidable)] {
            let mut made = Made::noisy(60, 0.5);
            let spec = &mut made.record_mut().spec["spec"];
            spec["zero-shot"] = settings(&[base]);
            spec["variants"] = serde_json::json!({"other": {"zero-shot": settings(&["2020"])}});
            let turned = made.scores().into_iter().map(|score| -score).collect();
            made.rival("mine", EstimatorKind::ZeroShot, turned);
            made.mine_mut().variant = Some("other".to_owned());
            assert_eq!(made.find("L7").verdict, verdict, "{base}");
        }
    }

    #[test]
    fn a_constant_run_is_not_a_missing_one() {
        let mut made = Made::noisy(60, 0.5);
        made.mine_mut().checkpoint = Some(Checkpoint::single("a", 0));
        made.rival("mine", EstimatorKind::External, vec![1.0; 60]);
        made.record_mut().panels[0].estimators[2].checkpoint = Some(Checkpoint::single("b", 0));
        let found = made.find("L7");
        assert_eq!(found.verdict, Verdict::Undecidable);
        assert!(found.said.ends_with("one is constant."), "{}", found.said);
    }

    #[test]
    fn a_count_has_no_seed() {
        let mut made = Made::noisy(60, 0.5);
        made.mine_mut().kind = EstimatorKind::Baseline;
        assert_eq!(made.find("L7").verdict, Verdict::Pass);
        made.of_file();
        assert_eq!(made.find("L7").verdict, Verdict::Undecidable);
    }

    #[test]
    fn a_mean_of_runs_agrees_better_than_one() {
        assert_eq!((stepped_up(0.5, 1), stepped_up(0.5, 3)), (0.5, 0.75));
        assert_eq!((stepped_up(1.0, 3), stepped_up(-0.2, 3)), (1.0, -0.2));
    }
}
