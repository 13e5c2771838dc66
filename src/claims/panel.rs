//! Architectures with their truth and scores, the input of measures.

use crate::criteria::topk::Rankings;
use crate::criteria::{
    ChangeBias, Comparison, ComplexityGroup, Exchange, GROUPS, PairCounts, Precision, Resamples, complexity_bias,
    operation_bias,
};
use crate::seed::Seed;
use crate::space::{Architecture, changes};
use crate::store::record::Checkpoint;

use super::rule::Figure;
use super::trouble::Trouble;

/// The seed of the resamples for all intervals.
const BOOTSTRAP_SEED: u64 = 1;

/// The number of resamples for each interval.
const RESAMPLES: usize = 1000;

/// The scores of one estimator. Higher is better.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The id of the estimator, or the name of a cost.
    pub estimator: String,
    /// The variant of the spec; `None` for the spec's own settings.
    pub variant: Option<String>,
    /// The weights of the supernet; `None` if there are none.
    pub checkpoint: Option<Checkpoint>,
    /// The scores, one per architecture.
    pub scores: Vec<f64>,
}

impl Column {
    /// Scores without weights of a supernet.
    pub fn plain(estimator: &str, scores: Vec<f64>) -> Self {
        Self { estimator: estimator.to_owned(), variant: None, checkpoint: None, scores }
    }
}

/// Architectures with truth and scores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// The architectures.
    pub architectures: Vec<Architecture>,
    /// The true values, fractions.
    pub truth: Vec<f64>,
    /// The scores of the estimators.
    pub columns: Vec<Column>,
}

impl Scored {
    /// The scores of an estimator without a supernet, with the spec's own settings.
    pub fn plain(&self, estimator: &str) -> Result<&[f64], Trouble> {
        let found = self
            .columns
            .iter()
            .find(|column| column.estimator == estimator && column.variant.is_none() && column.checkpoint.is_none());
        found.map(|column| &column.scores[..]).ok_or_else(|| missing(estimator))
    }

    /// The scores of an estimator with the settings of a variant.
    pub fn variant(&self, estimator: &str, variant: &str) -> Result<&[f64], Trouble> {
        let is = |column: &&Column| column.estimator == estimator && column.variant.as_deref() == Some(variant);
        self.columns.iter().find(is).map(|column| &column.scores[..]).ok_or_else(|| missing(estimator))
    }

    /// The scores with the weights of one supernet after one epoch.
    pub fn at(&self, estimator: &str, seed: &str, epoch: u32) -> Result<&[f64], Trouble> {
        let found =
            self.singles(estimator).find(|(column, (of, at))| column.variant.is_none() && (*of, *at) == (seed, epoch));
        found
            .map(|(column, _)| &column.scores[..])
            .ok_or_else(|| missing(&format!("{estimator} of seed {seed} at epoch {epoch}")))
    }

    /// The columns whose weights are those of one supernet after one epoch, each with seed and epoch.
    pub fn singles(&self, estimator: &str) -> impl Iterator<Item = (&Column, (&str, u32))> {
        self.columns.iter().filter(move |column| column.estimator == estimator).filter_map(|column| {
            let checkpoint = column.checkpoint.as_ref().filter(|checkpoint| checkpoint.is_single())?;
            Some((column, (checkpoint.seed.as_str(), checkpoint.epoch)))
        })
    }

    /// The seeds of the supernets for which an estimator has scores, in order of appearance.
    pub fn seeds(&self, estimator: &str) -> Vec<&str> {
        let mut seeds = Vec::new();
        for (_, (seed, _)) in self.singles(estimator) {
            if !seeds.contains(&seed) {
                seeds.push(seed);
            }
        }
        seeds
    }

    /// The epochs for which an estimator has scores, ascending.
    pub fn epochs(&self, estimator: &str) -> Vec<u32> {
        let mut epochs: Vec<u32> = self.singles(estimator).map(|(_, (_, epoch))| epoch).collect();
        epochs.sort_unstable();
        epochs.dedup();
        epochs
    }

    /// The first and the last epoch. It is an error if there are fewer than two.
    pub fn ends(&self, estimator: &str) -> Result<[u32; 2], Trouble> {
        match self.epochs(estimator)[..] {
            [first, .., last] => Ok([first, last]),
            _ => Err(missing(&format!("{estimator} of two epochs"))),
        }
    }

    /// The last epoch.
    pub fn last(&self, estimator: &str) -> Result<u32, Trouble> {
        self.epochs(estimator).last().copied().ok_or_else(|| missing(estimator))
    }

    /// Computes a value from the scores of each seed after an epoch, and returns the mean.
    pub fn mean_over_seeds(
        &self,
        estimator: &str,
        epoch: u32,
        value: impl Fn(&[f64]) -> Result<f64, Trouble>,
    ) -> Result<f64, Trouble> {
        let seeds = self.seeds(estimator);
        let values = seeds.iter().map(|seed| value(self.at(estimator, seed, epoch)?)).collect::<Result<Vec<_>, _>>()?;
        if values.is_empty() { Err(missing(estimator)) } else { Ok(mean(&values)) }
    }

    /// The mean score of every architecture over all seeds after an epoch.
    pub fn ensemble(&self, estimator: &str, epoch: u32) -> Result<Vec<f64>, Trouble> {
        let seeds = self.seeds(estimator);
        let columns = seeds.iter().map(|seed| self.at(estimator, seed, epoch)).collect::<Result<Vec<_>, _>>()?;
        if columns.is_empty() { Err(missing(estimator)) } else { Ok(mean_scores(&columns)) }
    }

    /// Kendall's tau-b of scores against the truth.
    pub fn tau(&self, scores: &[f64]) -> Result<f64, Trouble> {
        tau(&self.truth, scores)
    }

    /// P@top 5 % and P@bottom 5 %, and their expectations if ties are in random order.
    pub fn ends_at_5(&self, scores: &[f64]) -> Result<Precision, Trouble> {
        Precision::new(&Rankings::new(&self.truth, scores), 0.05)
            .ok_or_else(|| Trouble::Missing("5 % of the architectures of the data are less than one".to_owned()))
    }

    /// The 95 % interval of tau-b.
    pub fn interval(&self, scores: &[f64]) -> Option<[f64; 2]> {
        self.resamples(scores).tau_b().ok().map(|interval| [interval.lower, interval.upper])
    }

    /// Tau-b of the first scores minus that of the second, with the interval of the paired bootstrap.
    pub fn difference(&self, name: impl Into<String>, first: &[f64], second: &[f64]) -> Figure {
        let Comparison { difference, interval, .. } = Comparison::new(&self.resamples(first), &self.resamples(second));
        Figure::tested(name, difference).within(interval.map(|interval| [interval.lower, interval.upper]))
    }

    fn resamples(&self, scores: &[f64]) -> Resamples {
        Resamples::new(&self.truth, scores, RESAMPLES, Seed::root(BOOTSTRAP_SEED).child("bootstrap"))
    }

    /// The five groups of equal size by a cost, as in Ning et al. 2021, cheapest first.
    pub fn complexity(&self, costs: &[f64], scores: &[f64]) -> Result<Vec<ComplexityGroup>, Trouble> {
        let groups = complexity_bias(costs, &self.truth, scores, GROUPS).map_err(Trouble::criteria)?;
        if groups.len() == GROUPS { Ok(groups) } else { Err(missing("five groups of architectures")) }
    }

    /// The changes of truth and scores between architectures that differ in one operation: `to` instead of `from`.
    pub fn operation(&self, scores: &[f64], from: &str, to: &str) -> Result<ChangeBias<String>, Trouble> {
        let exchanges: Vec<Exchange<String>> = changes(&self.architectures)
            .into_iter()
            .map(|change| Exchange {
                from: change.from.to_string(),
                to: change.to.to_string(),
                before: change.before,
                after: change.after,
            })
            .filter(|exchange| exchange.from == from && exchange.to == to)
            .collect();
        let found = operation_bias(&exchanges, &self.truth, scores).map_err(Trouble::criteria)?;
        found.into_iter().next().ok_or_else(|| {
            Trouble::Missing(format!("no two architectures of the data differ only by {to} instead of {from}"))
        })
    }
}

/// Kendall's tau-b between two score vectors.
pub(super) fn tau(first: &[f64], second: &[f64]) -> Result<f64, Trouble> {
    PairCounts::new(first, second).tau_b().ok_or_else(|| missing("two values that differ"))
}

/// The mean of some values, summed in their order.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of score vectors, for each architecture.
pub(super) fn mean_scores(columns: &[&[f64]]) -> Vec<f64> {
    let rows = columns.first().map_or(0, |column| column.len());
    (0..rows).map(|row| mean(&columns.iter().map(|column| column[row]).collect::<Vec<_>>())).collect()
}

/// The least and the greatest of some numbers, each with its place. If a bound holds for both, it holds for all numbers.
pub(super) fn range(what: &str, values: &[(String, f64)]) -> Vec<Figure> {
    let by = |a: &&(String, f64), b: &&(String, f64)| a.1.total_cmp(&b.1);
    let figure =
        |word: &str, (place, value): &(String, f64)| Figure::tested(format!("{word} {what} ({place})"), *value);
    let ends = [("least", values.iter().min_by(by)), ("greatest", values.iter().max_by(by))];
    ends.into_iter().filter_map(|(word, found)| Some(figure(word, found?))).collect()
}

pub(super) fn missing(what: &str) -> Trouble {
    Trouble::Missing(format!("not in the data: {what}"))
}

#[cfg(test)]
pub(super) mod made_up {
    use super::*;
    use crate::space::nb201;

    /// Scores by estimator, and the seed and epoch of a supernet.
    pub type MadeUp<'a> = (&'a str, Option<(&'a str, u32)>, Vec<f64>);

    /// The first architectures of NAS-Bench-201 in index order, with this truth and these scores.
    pub fn scored(truth: &[f64], columns: &[MadeUp<'_>]) -> Scored {
        let column = |(estimator, weights, scores): &MadeUp<'_>| Column {
            checkpoint: weights.map(|(seed, epoch)| Checkpoint::single(seed, epoch)),
            ..Column::plain(estimator, scores.clone())
        };
        Scored {
            architectures: nb201::Architecture::all().take(truth.len()).map(Architecture::Nb201).collect(),
            truth: truth.to_vec(),
            columns: columns.iter().map(column).collect(),
        }
    }

    /// The numbers from 0, one per architecture.
    pub fn rising(rows: usize) -> Vec<f64> {
        (0..rows).map(|row| row as f64).collect()
    }

    /// The negated numbers of [`rising`].
    pub fn falling(rows: usize) -> Vec<f64> {
        (0..rows).map(|row| -(row as f64)).collect()
    }

    /// Scores with nearly this tau-b against [`rising`].
    pub fn near(rows: usize, tau: f64) -> Vec<f64> {
        let wrong = ((1.0 - tau) * (rows * (rows - 1)) as f64 / 4.0).round() as usize;
        let first = (1..=rows).take_while(|first| first * (first - 1) / 2 <= wrong).last().unwrap();
        let mut scores = partly(rows, first);
        if let Some(next) = scores.get_mut(first) {
            *next = (first - (wrong - first * (first - 1) / 2)) as f64 - 0.5;
        }
        scores
    }

    /// The numbers of [`rising`], but the first `wrong` of them in reverse order.
    pub fn partly(rows: usize, wrong: usize) -> Vec<f64> {
        (0..rows).map(|row| if row < wrong { (wrong - row) as f64 - 1.0 } else { row as f64 }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::made_up::*;
    use super::*;

    #[test]
    fn columns_are_found_by_what_they_are_of() {
        let of = |value: f64| vec![value; 4];
        let mut panel = scored(
            &rising(4),
            &[
                ("params", None, of(1.0)),
                ("oneshot_loss", Some(("20", 100)), of(2.0)),
                ("oneshot_loss", Some(("2020", 100)), of(4.0)),
                ("oneshot_loss", Some(("20", 200)), of(6.0)),
            ],
        );
        panel.columns.push(Column { variant: Some("iso".to_owned()), ..Column::plain("params", of(8.0)) });
        assert_eq!(
            (panel.plain("params").unwrap(), panel.variant("params", "iso").unwrap()),
            (&of(1.0)[..], &of(8.0)[..])
        );
        assert_eq!(panel.at("oneshot_loss", "20", 200).unwrap(), of(6.0));
        assert_eq!((panel.seeds("oneshot_loss"), panel.epochs("oneshot_loss")), (vec!["20", "2020"], vec![100, 200]));
        assert_eq!((panel.ends("oneshot_loss").unwrap(), panel.last("oneshot_loss").unwrap()), ([100, 200], 200));
        assert_eq!(panel.ensemble("oneshot_loss", 100).unwrap(), of(3.0));
        assert_eq!(panel.mean_over_seeds("oneshot_loss", 100, |scores| Ok(scores[0])).unwrap(), 3.0);
        for absent in [panel.plain("snip"), panel.variant("params", "x"), panel.at("oneshot_loss", "2020", 200)] {
            assert!(matches!(absent, Err(Trouble::Missing(_))));
        }
        assert!(panel.ends("params").is_err() && panel.ensemble("oneshot_loss", 200).is_err());
    }

    #[test]
    fn made_up_scores_have_the_tau_asked_for() {
        for wanted in [-1.0, -0.3, 0.0, 0.3684, 0.7, 1.0] {
            let found = tau(&rising(100), &near(100, wanted)).unwrap();
            assert!((found - wanted).abs() < 3e-4, "{found} for {wanted}");
        }
    }

    #[test]
    fn a_range_says_where_its_ends_are() {
        let values = [("a", 2.0), ("b", 1.0), ("c", 3.0)].map(|(place, value)| (place.to_owned(), value));
        let found = range("margin", &values);
        assert_eq!(found, [Figure::tested("least margin (b)", 1.0), Figure::tested("greatest margin (c)", 3.0)]);
        assert!(range("margin", &[]).is_empty());
    }
}
