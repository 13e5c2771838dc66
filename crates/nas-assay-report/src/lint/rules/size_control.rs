//! L4: whether the scores say anything beyond the size of a network.

use nas_assay_criteria::bootstrap::panel_seed;
use nas_assay_criteria::rank::average_ranks;
use nas_assay_criteria::{GROUPS, Interval, Partial, Resamples};

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation, listed};

pub(super) const RULE: Rule = Rule {
    id: "L4",
    name: "size-control",
    definition: "How well does it rank architectures of equal size? Large networks are better on every benchmark, \
        and many scores grow with size. A partial correlation given #Params or given #FLOPs says what is left. Tau \
        inside groups of similar FLOPs is what a search with a fixed budget has.",
    threshold: "Passes if the interval of the partial rho is above zero for both. Warns if one contains zero. Fails \
        if one is below zero, or if the score ranks exactly like a size. The partial rho decides. The partial tau does not, because it is above zero even for a score that is only size and noise (.11 if all are normally distributed).",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let controls = controls(claim);
    if controls.is_empty() {
        return Outcome::undecidable("#Params and #FLOPs of these architectures are not known.");
    }
    if claim.interval().is_none() {
        return Outcome::undecidable("Tau or its interval is undefined.");
    }
    let count = claim.resample_count();
    let resamples = |a: &[f64], b: &[f64]| Resamples::new(a, b, count, panel_seed());
    let of = resamples(&claim.truth, &claim.scores);
    let ranks = average_ranks(&claim.scores);
    let mut found = Vec::new();
    for (name, sizes) in controls {
        // A score that is a size has nothing left, and neither has one that is its reverse.
        let reverse: Vec<f64> = sizes.iter().map(|size| -size).collect();
        let same = if average_ranks(&sizes) == ranks {
            Some(name.to_owned())
        } else {
            (average_ranks(&reverse) == ranks).then(|| format!("the reverse of {name}"))
        };
        let partial = Partial::new(&of, &resamples(&claim.truth, &sizes), &resamples(&claim.scores, &sizes));
        found.push((name, partial, same));
    }
    let judged = found.iter().map(|(name, of, size)| Given {
        name,
        rho: of.spearman.zip(of.spearman_interval),
        size: size.as_deref(),
    });
    let outcome = judge(&judged.collect::<Vec<Given<'_>>>());
    let outcome = found.iter().fold(outcome, |outcome, (name, partial, _)| {
        outcome
            .correlation(format!("partial rho given {name}"), partial.spearman, partial.spearman_interval)
            .correlation(format!("partial tau given {name}"), partial.tau_b, partial.interval)
    });
    match claim.worth_row().and_then(|row| row.detail.as_ref()).and_then(|detail| detail.within_flops) {
        Some(mean) => {
            outcome.number(format!("mean tau inside {GROUPS} groups by FLOPs"), Some(mean), correlation(mean))
        }
        None => outcome,
    }
}

/// What is left given a control.
struct Given<'a> {
    /// The control.
    name: &'a str,
    /// The partial rho and its interval.
    rho: Option<(f64, Interval)>,
    /// What the scores are, if they rank as the control does or as its reverse.
    size: Option<&'a str>,
}

fn judge(found: &[Given<'_>]) -> Outcome {
    let same: Vec<&str> = found.iter().filter_map(|given| given.size).collect();
    if !same.is_empty() {
        return Outcome::fail(format!("It ranks exactly like {}: nothing is left.", listed(&same)));
    }
    let known: Vec<(&str, f64, Interval)> =
        found.iter().filter_map(|given| given.rho.map(|(rho, interval)| (given.name, rho, interval))).collect();
    if known.len() < found.len() {
        return Outcome::undecidable("A partial correlation or its interval is undefined.");
    }
    let which = |is: fn(&Interval) -> bool| {
        let them = known.iter().filter(|(.., interval)| is(interval));
        them.map(|(name, rho, _)| format!("{name} ({})", correlation(*rho))).collect::<Vec<String>>()
    };
    let (below, unclear) = (which(|interval| interval.upper < 0.0), which(|interval| interval.lower <= 0.0));
    if !below.is_empty() {
        Outcome::fail(format!(
            "Among architectures of equal size, it ranks the wrong way round: partial rho given {}.",
            listed(&below)
        ))
    } else if !unclear.is_empty() {
        Outcome::warn(format!("Nothing shows that it says more than size: partial rho given {}.", listed(&unclear)))
    } else {
        Outcome::pass(format!("It says more than size: partial rho given {}.", listed(&which(|_| true))))
    }
}

/// #Params and #FLOPs of the architectures, as far as they are known and differ.
fn controls(claim: &Claim<'_>) -> Vec<(&'static str, Vec<f64>)> {
    let rows = || claim.panel.architectures.iter();
    let all: [Option<Vec<f64>>; 2] = [
        rows().map(|row| row.params.map(|count| count as f64)).collect(),
        rows().map(|row| row.flops.map(|count| count as f64)).collect(),
    ];
    let differ = |sizes: &Vec<f64>| sizes.iter().any(|size| *size != sizes[0]);
    ["#Params", "#FLOPs"].into_iter().zip(all).filter_map(|(name, sizes)| Some((name, sizes.filter(differ)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    #[test]
    fn both_intervals_have_to_be_above_zero() {
        let interval = |lower: f64, upper: f64| {
            Some((f64::midpoint(lower, upper), Interval { lower, upper, resamples: 1000, undefined: 0 }))
        };
        let given = |name, rho, is_size: bool| Given { name, rho, size: is_size.then_some(name) };
        for (other, same, verdict) in [
            (interval(0.001, 0.2), false, Verdict::Pass),
            (interval(0.0, 0.2), false, Verdict::Warn),
            (interval(-0.2, 0.0), false, Verdict::Warn),
            (interval(-0.2, -0.001), false, Verdict::Fail),
            (None, false, Verdict::Undecidable),
            (None, true, Verdict::Fail),
        ] {
            let all = [given("#Params", interval(0.001, 0.4), false), given("#FLOPs", other, same)];
            assert_eq!(judge(&all).verdict, verdict, "{other:?}");
        }
    }

    /// Truth is size and a part that is not; the scores are size and noise, or have seen that part.
    #[test]
    fn size_and_noise_say_nothing_and_more_than_size_does() {
        for (seen, verdict) in [(0.0, Verdict::Warn), (1.0, Verdict::Pass), (-1.0, Verdict::Fail)] {
            let mut made = Made::noisy(300, 1.0);
            let (truth, noisy) = (made.truth(), made.scores());
            // The noise of the claim stands for size, and the truth is lifted by it.
            let sizes: Vec<f64> = truth.iter().zip(&noisy).map(|(truth, noisy)| noisy - truth).collect();
            made.sizes(&sizes);
            let scores = truth.iter().zip(&sizes).enumerate().map(|(row, (own, size))| {
                let noise = f64::from((row as u32).wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24) - 0.5;
                size + seen * own + noise
            });
            let scores: Vec<f64> = scores.collect();
            made.set_truth(truth.iter().zip(&sizes).map(|(own, size)| own + size).collect());
            made.set_scores(scores);
            let found = made.find("L4");
            assert_eq!(found.verdict, verdict, "{seen}: {found:?}");
        }
    }

    #[test]
    fn a_size_has_nothing_left() {
        let mut made = Made::noisy(100, 0.5);
        let scores = made.scores();
        made.sizes(&scores);
        let found = made.find("L4");
        assert_eq!(found.verdict, Verdict::Fail);
        assert!(found.said.starts_with("It ranks exactly like #Params and #FLOPs: nothing"), "{}", found.said);
        let mut reverse: Vec<f64> = scores.iter().map(|score| -score).collect();
        made.sizes(&reverse);
        let found = made.find("L4");
        assert_eq!(found.verdict, Verdict::Fail);
        assert!(
            found.said.starts_with("It ranks exactly like the reverse of #Params and the reverse of #FLOPs:"),
            "{}",
            found.said
        );
        // Two that change places are enough to be no size.
        reverse.swap(0, 1);
        made.sizes(&reverse);
        assert!(!made.find("L4").said.contains("nothing is left"));
    }

    /// A group of nine has no tau that counts, as in the report.
    #[test]
    fn groups_by_flops_are_those_of_the_report() {
        for (rows, is_known) in [(50, true), (45, false)] {
            let mut made = Made::noisy(rows, 0.5);
            made.sizes(&(0..rows).map(|row| row as f64).collect::<Vec<f64>>());
            let found = made.find("L4");
            let mean = found.numbers.iter().find(|number| number.name == "mean tau inside 5 groups by FLOPs");
            let worth = crate::worth::Worth::of(&made.record(), Err(&nas_assay_schema::truth::runs::NoRuns::One));
            let row = worth.panels[0].rows.iter().find(|row| row.name == "mine").unwrap();
            let reported = row.detail.as_ref().unwrap().within_flops;
            assert_eq!((mean.and_then(|mean| mean.value), mean.is_some()), (reported, is_known), "{rows}");
        }
    }
}
