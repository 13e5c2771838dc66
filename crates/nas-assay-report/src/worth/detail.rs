//! What more there is to know of a ranking than its tau: what it says beyond size, what stands at its head, what a search with it finds, and how
//! its tau depends on the number of architectures.

use nas_assay_criteria::bootstrap::{FEWEST, panel_seed};
use nas_assay_criteria::sampling::{SAMPLES, SIZES, over_samples};
use nas_assay_criteria::search::{QUERIES, RandomSearch};
use nas_assay_criteria::{GROUPS, Gain, Partial, Resamples, SampleAt, SearchAt, complexity_bias, ndcg};
use nas_assay_schema::store::record::{ArchitectureRow, PanelRecord};
use serde::{Deserialize, Serialize};

/// What more there is to know of an estimator or a structural baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// What the scores say beyond each size that the record has, `params` before `flops`.
    pub beyond: Vec<Beyond>,
    /// The mean of tau-b in five groups of architectures by FLOPs, weighted by their numbers of architectures; `None` without FLOPs, or if tau-b is
    /// undefined in each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_flops: Option<f64>,
    /// nDCG by each definition that is in use. Those of accuracies are left out for another truth.
    pub ndcg: Vec<NdcgAt>,
    /// What is found after so many trainings in the order of the scores, in the form of criteria, higher is better.
    pub search: Vec<SearchAt>,
    /// Tau-b over random samples of the architectures.
    pub samples: Vec<SampleAt>,
}

/// The partial correlations of scores and truth, given a size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beyond {
    /// `params` or `flops`.
    pub size: String,
    /// Kendall's partial tau-b; `None` if it is undefined, as for the size itself.
    pub tau_b: Option<f64>,
    /// The partial Spearman's rho.
    pub spearman: Option<f64>,
}

/// nDCG by one definition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NdcgAt {
    /// What finding an architecture is worth.
    pub gain: Gain,
    /// The architectures at the head that are counted: 1,000 or 10, or all of a panel that has fewer.
    pub k: usize,
    /// nDCG; `None` if no architecture has a gain.
    pub value: Option<f64>,
}

impl NdcgAt {
    /// The definition in words: `gain 2^y − 1 of percent, k 1,000`.
    pub fn text(&self) -> String {
        let gain = match self.gain {
            Gain::Percent => "2^y − 1 of percent",
            Gain::Fraction => "2^y − 1 of fractions",
            Gain::Rank => "rank",
        };
        format!("gain {gain}, k {}", crate::value_text::count(self.k))
    }
}

/// The definitions in use: VKDNW's, the same with fractions, and that of ranks.
const NDCG: [(Gain, usize); 3] = [(Gain::Percent, 1_000), (Gain::Fraction, 1_000), (Gain::Rank, 10)];

/// What all rows of a panel share.
pub(super) struct Common<'a> {
    truth: &'a [f64],
    /// Whether the truth is an accuracy, as a fraction.
    is_accuracy: bool,
    /// Name, values, and correlations with the truth.
    sizes: Vec<(&'static str, Vec<f64>, Resamples)>,
    random: RandomSearch,
}

impl<'a> Common<'a> {
    /// `truth` is that of the panel's architectures, higher is better.
    pub fn new(panel: &PanelRecord, truth: &'a [f64], is_accuracy: bool) -> Self {
        let size = |name, of: fn(&ArchitectureRow) -> Option<u64>| {
            let values: Option<Vec<f64>> =
                panel.architectures.iter().map(|row| of(row).map(|count| count as f64)).collect();
            values.map(|values| {
                let with_truth = whole(truth, &values);
                (name, values, with_truth)
            })
        };
        let sizes = [size("params", |row| row.params), size("flops", |row| row.flops)];
        Self { truth, is_accuracy, sizes: sizes.into_iter().flatten().collect(), random: RandomSearch::new(truth) }
    }

    /// What there is to know of these scores.
    pub fn detail(&self, scores: &[f64]) -> Detail {
        let with_truth = whole(self.truth, scores);
        let beyond = |(name, values, of_truth): &(&str, Vec<f64>, Resamples)| {
            let partial = Partial::new(&with_truth, of_truth, &whole(values, scores));
            Beyond { size: (*name).to_owned(), tau_b: partial.tau_b, spearman: partial.spearman }
        };
        let ndcg_at = |&(gain, k): &(Gain, usize)| NdcgAt {
            gain,
            k: k.min(self.truth.len()),
            value: ndcg(self.truth, scores, k, gain),
        };
        let of_truth = |(gain, _): &&(Gain, usize)| self.is_accuracy || *gain == Gain::Rank;
        Detail {
            beyond: self.sizes.iter().map(beyond).collect(),
            within_flops: self.within_flops(scores),
            ndcg: NDCG.iter().filter(of_truth).map(ndcg_at).collect(),
            search: self.random.beside(self.truth, scores, &QUERIES),
            samples: over_samples(self.truth, scores, &SIZES, SAMPLES, panel_seed().child("samples")),
        }
    }

    fn within_flops(&self, scores: &[f64]) -> Option<f64> {
        let (_, flops, _) = self.sizes.iter().find(|(name, ..)| *name == "flops")?;
        let groups = complexity_bias(flops, self.truth, scores, GROUPS).ok()?;
        let defined =
            groups.iter().filter(|group| group.rows >= FEWEST).filter_map(|group| Some((group.rows, group.tau_b?)));
        let (rows, sum) = defined.fold((0, 0.0), |(rows, sum), (of, tau)| (rows + of, sum + of as f64 * tau));
        (rows > 0).then(|| sum / rows as f64)
    }
}

/// The correlations over all architectures, without resamples.
fn whole(a: &[f64], b: &[f64]) -> Resamples {
    Resamples::new(a, b, 0, panel_seed())
}

#[cfg(test)]
mod tests {
    use nas_assay_criteria::{PairCounts, rank};
    use nas_assay_schema::store::record::ArchitectureRow;
    use nas_assay_schema::truth::runs::NoRuns;

    use crate::fixture;
    use crate::worth::Worth;

    /// Every number once more, in another way.
    #[test]
    fn details_are_those_of_the_record() {
        let record = fixture::whole(240);
        let (panel, found) = (&record.panels[0], Worth::of(&record, Err(&NoRuns::One)));
        let truth = panel.truth().unwrap();
        let with_detail: Vec<_> = found.panels[0].rows.iter().filter(|row| row.detail.is_some()).collect();
        let last = crate::checkpoints::latest(&panel.estimators);
        let own = found.panels[0].structures().count();
        assert_eq!(with_detail.len(), last.len() + own);
        for (&place, row) in last.iter().zip(&with_detail) {
            let (of, detail) = (&panel.estimators[place], row.detail.as_ref().unwrap());
            assert_eq!(of.label(), row.name);
            let scores = of.oriented();
            for (beyond, size) in
                detail.beyond.iter().zip([(|row| row.params) as fn(&ArchitectureRow) -> Option<u64>, |row| row.flops])
            {
                let size: Vec<f64> = panel.architectures.iter().map(|row| size(row).unwrap() as f64).collect();
                let tau = |a: &[f64], b: &[f64]| PairCounts::new(a, b).tau_b().unwrap();
                let partial = |of: f64, truth: f64, scores: f64| {
                    (of - truth * scores) / ((1.0 - truth * truth) * (1.0 - scores * scores)).sqrt()
                };
                if let Some(found) = beyond.tau_b {
                    let due = partial(tau(&truth, &scores), tau(&truth, &size), tau(&scores, &size));
                    assert!((found - due).abs() < 1e-12, "{} given {}", row.name, beyond.size);
                }
                let rho = |a: &[f64], b: &[f64]| rank::spearman(a, b).unwrap();
                if let Some(found) = beyond.spearman {
                    let due = partial(rho(&truth, &scores), rho(&truth, &size), rho(&scores, &size));
                    assert!((found - due).abs() < 1e-12, "{} given {}", row.name, beyond.size);
                }
                assert_eq!(
                    beyond.tau_b.is_none(),
                    of.id == beyond.size && rank::average_ranks(&scores) == rank::average_ranks(&size)
                );
            }
            let order = rank::order(&scores);
            let levels: std::collections::BTreeSet<u64> = scores.iter().map(|score| score.to_bits()).collect();
            if levels.len() == scores.len() {
                for at in &detail.search {
                    let best = order[..at.queries].iter().map(|&row| truth[row]).fold(0.0, f64::max);
                    assert_eq!(at.found, best, "{} after {}", row.name, at.queries);
                }
            }
            assert_eq!(detail.search.iter().map(|at| at.queries).collect::<Vec<_>>(), [1, 2, 5, 10, 20, 50, 100, 200]);
            assert_eq!(detail.samples.iter().map(|at| at.rows).collect::<Vec<_>>(), [20, 50, 100, 200]);
            let ndcg: Vec<usize> = detail.ndcg.iter().map(|at| at.k).collect();
            assert_eq!(ndcg, [240, 240, 10]);
            let groups = &of.bias.complexity;
            let mean = groups.iter().map(|group| group.tau_b.unwrap() * 48.0).sum::<f64>() / 240.0;
            assert!((detail.within_flops.unwrap() - mean).abs() < 1e-12, "{}", row.name);
        }
    }

    /// A truth that is no accuracy has no gains of percent, and a lower one that is better the same search.
    #[test]
    fn another_truth_has_the_gain_of_ranks_alone() {
        let (high, low) = (fixture::whole(120), fixture::latencies(120));
        let [high, low] = [high, low].map(|record| Worth::of(&record, Err(&NoRuns::One)).panels.remove(0).rows);
        for (high, low) in
            high.iter().zip(&low).filter_map(|(high, low)| Some((high.detail.as_ref()?, low.detail.as_ref()?)))
        {
            assert_eq!(low.ndcg, high.ndcg[2..]);
            assert_eq!((&low.beyond, &low.samples, low.within_flops), (&high.beyond, &high.samples, high.within_flops));
            for (high, low) in high.search.iter().zip(&low.search) {
                assert!((high.regret - low.regret).abs() < 1e-12 && high.random_queries == low.random_queries);
            }
        }
    }
}
