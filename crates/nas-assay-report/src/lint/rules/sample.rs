//! L6: how the architectures were chosen, and how far that alone moves a tau.

use nas_assay_schema::declaration::SampleRule;
use nas_assay_spaces::{Architecture, SpaceId};

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation, percentage};
use crate::value_text::count;

pub(super) const RULE: Rule = Rule {
    id: "L6",
    name: "sample",
    definition: "Which architectures are judged, how many, and how were they chosen? The first ones in a benchmark's \
        order are not a sample, because they share operations. With another random sample, tau is a little \
        different: SD(n) is its standard deviation over random samples of n architectures. By chance alone, the taus \
        of two samples can differ by 2.8 SD(n).",
    threshold: "Fails if the architectures are all from one part of the order of the space. Fails if the authors \
        compare with a tau on other architectures, and call a gap below 2.8 SD(n) a difference. Warns if 2.8 SD(n) \
        is above .1, because most published gaps are smaller. Warns if a random sample has no seed.",
    check,
};

/// Two deviations of a difference of two samples, in deviations of one.
const GAP: f64 = 2.828;
/// The largest such gap without a warning.
const MOST: f64 = 0.1;
/// A part of the order of the space is taken for chance if random samples lie in one as narrow, wherever it is, more often than this.
const CHANCE: f64 = 1e-6;
/// Half the width of a 95 % interval, in deviations.
const HALF_WIDTH: f64 = 1.96;

fn check(claim: &Claim<'_>) -> Outcome {
    let (n, declared) = (claim.count(), claim.declared);
    let gap = gap(claim);
    let with_numbers = |outcome: Outcome| {
        let outcome = outcome.count("architectures", n);
        match gap {
            Some(gap) => outcome.number("SD(n) of tau", Some(gap / GAP), correlation(gap / GAP)).number(
                "smallest gap to a value on other architectures",
                Some(gap),
                correlation(gap),
            ),
            None => outcome,
        }
    };
    if let Some((part, share)) = contiguous(claim) {
        let said =
            format!("All {} architectures are from {} of the order of the space: {part}.", count(n), percentage(share));
        return with_numbers(Outcome::fail(said));
    }
    if declared.sample == Some(SampleRule::First) {
        return with_numbers(Outcome::fail("They are declared as the first ones of an order. These are not a sample."));
    }
    if let (Some(claimed), Some(gap)) = (declared.smallest_gap, gap)
        && claimed < gap
    {
        return with_numbers(Outcome::fail(format!(
            "The declaration calls a difference of {} real. But the taus of two random samples of this size can differ by {} by chance.",
            correlation(claimed),
            correlation(gap)
        )));
    }
    let outcome = match chosen(claim) {
        Ok(said) => match gap {
            None => Outcome::undecidable(format!(
                "{said} It is not known how far another sample would move tau. It has no interval, because {}.",
                claim.no_interval()
            )),
            Some(gap) if gap > MOST => Outcome::warn(format!(
                "{said} With so few, a difference of {} to a tau on other architectures can be chance.",
                correlation(gap)
            )),
            Some(_) => Outcome::pass(said),
        },
        Err(outcome) => outcome,
    };
    with_numbers(outcome)
}

/// How the architectures were chosen, in a sentence; or a warning, or what is missing.
fn chosen(claim: &Claim<'_>) -> Result<String, Outcome> {
    let n = claim.count();
    let rows = claim.record.truth.as_ref().map_or(n, |truth| truth.rows);
    let from = claim.declared.population.as_deref();
    let drawn = claim.panel_spec("sample").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let listed = claim.panel_spec("architectures").is_some();
    if is_whole_space(claim) {
        return Ok(format!("All {} architectures of the space are judged.", count(n)));
    }
    if drawn > 0 && !claim.is_of_file() && !listed {
        let seed = claim.panel_spec("seed").and_then(serde_json::Value::as_str).unwrap_or("0");
        return Ok(format!("{} of the {} architectures of the truth, drawn with seed {seed}.", count(n), count(rows)));
    }
    if n >= rows {
        return Ok(format!("All {} architectures that the truth has are judged.", count(n)));
    }
    let from = from.map_or_else(|| format!("the {} of the truth", count(rows)), str::to_owned);
    match (claim.declared.sample, claim.declared.sample_seed) {
        (Some(SampleRule::Random | SampleRule::Stratified), Some(seed)) => {
            Ok(format!("{} architectures, declared as drawn from {from} with seed {seed}.", count(n)))
        }
        (Some(SampleRule::Random | SampleRule::Stratified), None) => Err(Outcome::warn(format!(
            "{} architectures, declared as drawn from {from}, but without a seed: nobody else can draw the same ones.",
            count(n)
        ))),
        (Some(SampleRule::All), _) if claim.declared.population.is_some() => {
            Ok(format!("{} architectures, declared as all of {from}.", count(n)))
        }
        (Some(SampleRule::All), _) => Err(Outcome::warn(format!(
            "They are declared as all architectures, but {} of {} are judged, and `population` is not declared.",
            count(n),
            count(rows)
        ))),
        (Some(SampleRule::First) | None, _) => Err(Outcome::undeclared(
            &["sample", "sample-seed"],
            format!("It is not known how these {} of {} architectures were chosen", count(n), count(rows)),
        )),
    }
}

/// Whether the architectures are all encodings of the space, or one of each class.
pub(super) fn is_whole_space(claim: &Claim<'_>) -> bool {
    let Some(space) = claim.space else { return false };
    let counts = space.counts();
    let n = claim.count() as u64;
    [Some(counts.raw), counts.canonical, counts.exact].contains(&Some(n))
}

/// The smallest gap that is more than noise of the draw; `None` without an interval. Zero if all of the space is judged.
fn gap(claim: &Claim<'_>) -> Option<f64> {
    if is_whole_space(claim) {
        return Some(0.0);
    }
    let interval = claim.interval()?;
    Some(GAP * (interval.upper - interval.lower) / (2.0 * HALF_WIDTH))
}

/// The part of an order of the space in which all architectures lie, if no random sample would: which order, and how large a part.
fn contiguous(claim: &Claim<'_>) -> Option<(String, f64)> {
    // What the record draws is a sample, and a part of the space that is named as a whole is none of an order.
    let is_drawn = !claim.is_of_file() && claim.panel_spec("architectures").is_none();
    let is_named = claim.declared.sample == Some(SampleRule::All) && claim.declared.population.is_some();
    if is_drawn || is_named {
        return None;
    }
    let (space, architectures) = (claim.space?, claim.architectures.as_ref()?);
    let all = space.counts().raw as f64;
    let expected = f64::midpoint(1.0, architectures.len() as f64 / all);
    if chance(architectures.len(), expected) > CHANCE {
        return None;
    }
    orders(space, architectures).into_iter().find_map(|(name, places)| {
        let (first, last) = (places.iter().min()?, places.iter().max()?);
        let share = (last - first + 1) as f64 / all;
        (share < expected).then(|| (format!("numbers {} to {} of {name}", count(*first), count(*last)), share))
    })
}

/// The chance that n random places lie in a window of this part of an order, wherever it is: n w^(n-1) - (n-1) w^n, the distribution of
/// the range of n uniform numbers.
fn chance(n: usize, width: f64) -> f64 {
    let n = n as f64;
    libm::pow(width, n - 1.0) * (n - (n - 1.0) * width)
}

/// The places of architectures in each order that a space is listed in. Spaces too large to be listed have none.
fn orders(space: SpaceId, architectures: &[Architecture]) -> Vec<(&'static str, Vec<usize>)> {
    let places = |of: &dyn Fn(Architecture) -> Option<usize>| {
        architectures.iter().map(|&one| of(one)).collect::<Option<Vec<usize>>>()
    };
    let found = match space {
        SpaceId::Nb201 => vec![
            (
                "the benchmark's index",
                places(&|one| match one {
                    Architecture::Nb201(cell) => Some(cell.benchmark_index()),
                    _ => None,
                }),
            ),
            (
                "the order of the texts",
                places(&|one| match one {
                    Architecture::Nb201(cell) => Some(cell.index()),
                    _ => None,
                }),
            ),
        ],
        SpaceId::Table(table) => {
            let mut listed: Vec<(String, usize)> = table.all().map(|one| one.to_string()).zip(0..).collect();
            listed.sort();
            let place = |one: Architecture| {
                let text = one.to_string();
                listed.binary_search_by(|(known, _)| known.cmp(&text)).ok().map(|at| listed[at].1)
            };
            vec![("the order of the encodings", places(&place))]
        }
        _ => Vec::new(),
    };
    found.into_iter().filter_map(|(name, places)| Some((name, places?))).collect()
}

#[cfg(test)]
mod tests {
    use nas_assay_spaces::nb201;

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    fn encodings(numbers: impl Iterator<Item = usize>) -> Vec<String> {
        numbers.map(|number| nb201::Architecture::at_benchmark_index(number).unwrap().to_string()).collect()
    }

    #[test]
    fn the_first_ones_are_no_sample_but_spread_ones_are() {
        for (step, verdict) in [(1, Verdict::Fail), (40, Verdict::Fail), (47, Verdict::Pass)] {
            // With a step of 40 they lie in the first half of the order, with one of 47 just not.
            let mut made = Made::noisy(170, 0.3);
            made.architectures(encodings((0..170).map(|number| number * step)));
            assert_eq!(made.find("L6").verdict, Verdict::Pass, "a record draws");
            made.of_file();
            let found = made.find("L6");
            assert_eq!(found.verdict, verdict, "{step}: {found:?}");
            made.declare("sample = 'all'\npopulation = 'cells without pooling'");
            assert_eq!(made.find("L6").verdict, Verdict::Pass);
        }
    }

    #[test]
    fn few_architectures_say_nothing_of_an_order() {
        // Of a random 24 one draw in 670,000 lies in some half of the order, of 25 one in 1,240,000.
        for (rows, verdict) in [(24, Verdict::Warn), (25, Verdict::Fail)] {
            let mut made = Made::noisy(rows, 0.3);
            made.architectures(encodings(0..rows));
            made.of_file();
            made.declare("sample = 'random'");
            made.truth_rows(1_000);
            assert_eq!(made.find("L6").verdict, verdict, "{rows}");
        }
    }

    #[test]
    fn the_chance_of_a_window_is_that_of_the_range() {
        assert_eq!([chance(1, 0.3), chance(2, 0.5), chance(3, 0.5), chance(7, 1.0)], [1.0, 0.75, 0.5, 1.0]);
    }

    #[test]
    fn a_sample_without_an_interval_says_nothing_of_other_draws() {
        let of = |rows| Made::noisy(rows, 0.02).find("L6");
        assert_ne!(of(10).verdict, Verdict::Undecidable);
        let found = of(9);
        assert_eq!(found.verdict, Verdict::Undecidable);
        assert!(found.said.ends_with("because there are fewer than 10 architectures."), "{}", found.said);
        let mut made = Made::noisy(200, 0.3);
        assert_eq!(made.find("L6").verdict, Verdict::Pass);
        let kendall = &mut made.mine_mut().criteria.kendall;
        (kendall.interval, kendall.no_interval) = (None, Some(nas_assay_criteria::NoInterval::NoResamples));
        assert_eq!(made.find("L6").verdict, Verdict::Undecidable);
        made.set_scores(vec![1.0; 200]);
        let found = made.find("L6");
        assert!(found.verdict == Verdict::Undecidable && found.said.contains("undefined"), "{found:?}");
    }

    #[test]
    fn a_gap_has_to_be_more_than_noise_of_the_draw() {
        let mut made = Made::noisy(200, 0.3);
        made.interval([0.6, 0.6 + 2.0 * HALF_WIDTH * 0.02]);
        made.declare("smallest-gap = 0.0567");
        assert_eq!(made.find("L6").verdict, Verdict::Pass);
        made.declare("smallest-gap = 0.0565");
        assert_eq!(made.find("L6").verdict, Verdict::Fail);
    }

    #[test]
    fn a_sample_may_be_too_small_to_compare() {
        let mut made = Made::noisy(200, 0.3);
        for (deviation, verdict) in [(0.035, Verdict::Pass), (0.036, Verdict::Warn)] {
            made.interval([0.5, 0.5 + 2.0 * HALF_WIDTH * deviation]);
            assert_eq!(made.find("L6").verdict, verdict, "{deviation}");
        }
    }

    #[test]
    fn a_part_of_the_truth_has_to_be_declared() {
        let mut made = Made::noisy(200, 0.3);
        made.interval([0.5, 0.6]);
        made.truth_rows(1_000);
        for (text, verdict) in [
            ("", Verdict::Undecidable),
            ("sample = 'random'\nsample-seed = 3", Verdict::Pass),
            ("sample = 'random'", Verdict::Warn),
            ("sample = 'all'", Verdict::Warn),
            ("sample = 'all'\npopulation = 'cells without skip'", Verdict::Pass),
            ("sample = 'first'", Verdict::Fail),
        ] {
            made.declare(text);
            let found = made.find("L6");
            assert_eq!(found.verdict, verdict, "{text}: {found:?}");
        }
    }
}
