//! Whether one estimator ranks better than another.

use serde::{Deserialize, Serialize};

use super::bootstrap::{Interval, Resamples};
use super::status::NoInterval;

/// What a [`Comparison`] says about the first estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Its tau-b is greater: the whole interval of the difference is above zero.
    Better,
    /// Its tau-b is smaller: the whole interval is below zero.
    Worse,
    /// Zero is in the interval, or there is no interval.
    Undecided,
}

/// A paired bootstrap test of two estimators on the same architectures, by Kendall's tau-b.
///
/// # Source
/// The percentile bootstrap over architectures (Efron and Tibshirani 1993, ch. 13) of the difference of two correlations with the same
/// truth. Both estimators see the same resamples, so the chance of the draw that they share cancels. The level is 95 % for a single
/// test: of many pairs of estimators that do not differ, one in twenty is expected to be called different.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Tau-b of the first minus tau-b of the second; `None` if one of them is undefined.
    pub difference: Option<f64>,
    /// The 95 % interval of the difference, over the resamples in which both are defined.
    pub interval: Option<Interval>,
    /// Why there is no interval; `None` if there is one.
    pub no_interval: Option<NoInterval>,
    /// The conclusion from the interval.
    pub verdict: Verdict,
}

impl Comparison {
    /// Compares `first` with `second`, which must have the same truth.
    ///
    /// # Panics
    /// If seed, number of resamples or number of architectures differ between the two.
    pub fn new(first: &Resamples, second: &Resamples) -> Self {
        assert!(first.share(second), "only estimators over the same resamples can be compared");
        let less = |(a, b): (Option<f64>, Option<f64>)| Some(a? - b?);
        let difference = less((first.whole_tau_b(), second.whole_tau_b()));
        let resampled = first.resampled_tau_b().zip(second.resampled_tau_b()).map(less);
        let interval = Interval::of(first.rows(), difference, resampled);
        let verdict = interval.map_or(Verdict::Undecided, |interval| Verdict::of(&interval));
        Self { difference, interval: interval.ok(), no_interval: interval.err(), verdict }
    }

    /// Whether both ends of the interval are exactly zero, as for two identical rankings.
    pub fn is_equal(&self) -> bool {
        self.interval.is_some_and(|interval| interval.lower == 0.0 && interval.upper == 0.0)
    }
}

impl Verdict {
    fn of(interval: &Interval) -> Self {
        if interval.lower > 0.0 {
            Self::Better
        } else if interval.upper < 0.0 {
            Self::Worse
        } else {
            Self::Undecided
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::FEWEST;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    const COUNT: usize = 200;

    /// A truth, and one score vector for each spread: the truth plus noise of that spread.
    fn noisy(rows: usize, spreads: [f64; 2], seed: u64) -> (Vec<f64>, [Vec<f64>; 2]) {
        let mut stream = Seed::root(seed).stream();
        let truth: Vec<f64> = (0..rows).map(|_| stream.normal()).collect();
        let scores = spreads.map(|spread| truth.iter().map(|value| value + spread * stream.normal()).collect());
        (truth, scores)
    }

    fn compared(truth: &[f64], scores: &[Vec<f64>; 2], seed: u64) -> Comparison {
        let [first, second] = [0, 1].map(|at| Resamples::new(truth, &scores[at], COUNT, Seed::root(seed)));
        Comparison::new(&first, &second)
    }

    #[test]
    fn rankings_that_are_alike_are_equal() {
        let (truth, [scores, noisier]) = noisy(50, [0.5, 2.0], 1);
        let alike: Vec<f64> = scores.iter().map(|score| 3.0 * score).collect();
        assert!(compared(&truth, &[alike, scores.clone()], 1).is_equal());
        for unlike in [[scores.clone(), noisier.clone()], [noisier, scores]] {
            assert!(!compared(&truth, &unlike, 1).is_equal());
        }
        let constant = vec![1.0; truth.len()];
        assert!(
            !compared(&truth, &[constant.clone(), constant], 1).is_equal(),
            "nothing is known of an undefined difference"
        );
    }

    #[test]
    fn an_interval_that_touches_zero_on_one_side_is_not_equal() {
        let interval = |lower, upper| Some(Interval { lower, upper, resamples: 10, undefined: 0 });
        let of = |interval| {
            let (difference, verdict) = (Some(0.0), Verdict::Undecided);
            Comparison { difference, interval, no_interval: None, verdict }
        };
        assert!(of(interval(0.0, 0.0)).is_equal());
        assert!(!of(interval(0.0, 0.1)).is_equal() && !of(interval(-0.1, 0.0)).is_equal() && !of(None).is_equal());
    }

    #[test]
    fn a_clear_difference_is_found_in_both_directions() {
        let (truth, mut scores) = noisy(200, [0.5, 2.0], 1);
        let comparison = compared(&truth, &scores, 1);
        assert_eq!(comparison.verdict, Verdict::Better);
        let interval = comparison.interval.unwrap();
        assert!((interval.lower..interval.upper).contains(&comparison.difference.unwrap()), "{comparison:?}");
        scores.swap(0, 1);
        let swapped = compared(&truth, &scores, 1);
        assert_eq!(swapped.verdict, Verdict::Worse);
        assert_eq!(swapped.difference, comparison.difference.map(|difference| -difference));
    }

    #[test]
    fn pairing_finds_a_difference_that_two_intervals_hide() {
        // The same scores, with and without more noise: the intervals of the two tau-b overlap.
        let mut stream = Seed::root(30).stream();
        let (truth, [first, _]) = noisy(400, [1.0, 1.0], 3);
        let second: Vec<f64> = first.iter().map(|score| score + 0.7 * stream.normal()).collect();
        let [a, b] = [&first, &second].map(|scores| Resamples::new(&truth, scores, COUNT, Seed::root(4)));
        assert!(a.tau_b().unwrap().lower < b.tau_b().unwrap().upper);
        assert_eq!(Comparison::new(&a, &b).verdict, Verdict::Better);
    }

    #[test]
    fn estimators_of_equal_quality_are_seldom_called_different() {
        let told = (0..100).filter(|&trial| {
            let (truth, scores) = noisy(80, [1.0, 1.0], 50 + trial);
            compared(&truth, &scores, trial).verdict != Verdict::Undecided
        });
        // One hundred at 5 %: five expected, standard deviation 2.2.
        let told = told.count();
        assert!((1..=14).contains(&told), "{told} of 100");
    }

    #[test]
    fn nothing_is_decided_without_an_interval() {
        let truth = [1.0, 2.0, 3.0];
        let comparison = compared(&truth, &[truth.to_vec(), vec![0.0; 3]], 1);
        let (verdict, no_interval) = (Verdict::Undecided, Some(NoInterval::UndefinedValue));
        assert_eq!(comparison, Comparison { difference: None, interval: None, no_interval, verdict });
        let json = serde_json::to_string(&comparison).unwrap();
        assert_eq!(
            json,
            r#"{"difference":null,"interval":null,"no_interval":"undefined-value","verdict":"undecided"}"#
        );
        assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), comparison);
        let same = compared(&truth, &[truth.to_vec(), vec![1.0, 5.0, 9.0]], 1);
        assert_eq!((same.difference, same.verdict), (Some(0.0), Verdict::Undecided));
    }

    /// Ten architectures in their true order are better than in the opposite order; of nine, nothing is said.
    #[test]
    fn of_few_architectures_none_is_called_better() {
        let truth: Vec<f64> = (0..10).map(f64::from).collect();
        let opposite: Vec<f64> = truth.iter().map(|value| -value).collect();
        let of = |rows: usize| {
            let scores = [&truth, &opposite].map(|scores| scores[..rows].to_vec());
            let found = compared(&truth[..rows], &scores, 1);
            (found.difference, found.no_interval, found.verdict)
        };
        assert_eq!(of(10), (Some(2.0), None, Verdict::Better));
        assert_eq!(of(9), (Some(2.0), Some(NoInterval::FewArchitectures), Verdict::Undecided));
    }

    /// A resample counts only if both scores differ in it.
    #[test]
    fn scores_that_hardly_differ_decide_nothing() {
        let truth: Vec<f64> = (0..40).map(f64::from).collect();
        let opposite: Vec<f64> = truth.iter().map(|value| -value).collect();
        let odd = |odd: usize| -> Vec<f64> { (0..40).map(|row| f64::from(u8::from(row >= 40 - odd))).collect() };
        let of = |odd: Vec<f64>| {
            let found = compared(&truth, &[odd, opposite.clone()], 1);
            (found.no_interval, found.verdict)
        };
        assert_eq!(of(odd(3)), (None, Verdict::Better));
        assert_eq!(of(odd(2)), (Some(NoInterval::DegenerateResamples), Verdict::Undecided));
    }

    #[test]
    fn an_interval_that_ends_at_zero_decides_nothing() {
        let interval = |lower, upper| Interval { lower, upper, resamples: 9, undefined: 0 };
        assert_eq!(Verdict::of(&interval(0.0, 0.5)), Verdict::Undecided);
        assert_eq!(Verdict::of(&interval(-0.5, -0.0)), Verdict::Undecided);
        assert_eq!(Verdict::of(&interval(0.1, 0.5)), Verdict::Better);
        assert_eq!(Verdict::of(&interval(-0.5, -0.1)), Verdict::Worse);
    }

    #[test]
    #[should_panic(expected = "same resamples")]
    fn other_resamples_are_refused() {
        let truth = [1.0, 2.0, 3.0];
        let [a, b] = [1, 2].map(|seed| Resamples::new(&truth, &truth, 10, Seed::root(seed)));
        let _ = Comparison::new(&a, &b);
    }

    proptest! {
        #[test]
        fn the_difference_is_that_of_each_resample(rows in prop::collection::vec((0i8..9, 0i8..5, 0i8..5), 3..30), seed: u64) {
            let column = |pick: fn(&(i8, i8, i8)) -> i8| -> Vec<f64> { rows.iter().map(|row| f64::from(pick(row))).collect() };
            let (truth, first, second) = (column(|row| row.0), column(|row| row.1), column(|row| row.2));
            let seed = Seed::root(seed);
            let comparison = Comparison::new(
                &Resamples::new(&truth, &first, 20, seed),
                &Resamples::new(&truth, &second, 20, seed),
            );
            let differences: Vec<f64> = (0..20).filter_map(|index| {
                let mut stream = seed.index("resample", index).stream();
                let drawn: Vec<usize> = truth.iter().map(|_| stream.index(truth.len())).collect();
                let pick = |values: &[f64]| -> Vec<f64> { drawn.iter().map(|&row| values[row]).collect() };
                let tau = |scores: &[f64]| super::super::PairCounts::new(&pick(&truth), &pick(scores)).tau_b();
                Some(tau(&first)? - tau(&second)?)
            }).collect();
            let enough = truth.len() >= FEWEST && differences.len() >= 19 && comparison.difference.is_some();
            let of_all = comparison.interval.map(|interval| interval.resamples);
            prop_assert_eq!(of_all, enough.then_some(differences.len()));
            prop_assert_eq!(comparison.no_interval.is_none(), enough);
            if let Some(interval) = comparison.interval {
                let least = differences.iter().copied().fold(f64::INFINITY, f64::min);
                let greatest = differences.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(least <= interval.lower && interval.lower <= interval.upper && interval.upper <= greatest);
            }
        }
    }
}
