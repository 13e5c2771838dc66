//! What the candidates say together.

use serde::Serialize;

use super::candidates::Candidate;
use super::{Asked, CLEARLY, Convention, Population};
use crate::spec::{Nb201Accuracy, Nb201Runs, Nb201Set};

/// What printed values say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// One population, kind of truth and convention fits, and every other is clearly further away.
    Identified,
    /// Several fit alike.
    Ambiguous,
    /// None fits.
    NoneFits,
}

impl Verdict {
    /// The text that is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identified => "identified",
            Self::Ambiguous => "ambiguous",
            Self::NoneFits => "none fits",
        }
    }
}

/// What kind of truth an accuracy is, whatever the seeds of its trainings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// What was trained, and on which images the accuracy was measured.
    pub set: Nb201Set,
    /// For how many epochs.
    pub epochs: u32,
}

impl From<Nb201Accuracy> for Kind {
    fn from(accuracy: Nb201Accuracy) -> Self {
        let epochs = if matches!(accuracy.runs, Nb201Runs::TwelveEpochs(_)) { 12 } else { 200 };
        Self { set: accuracy.set, epochs }
    }
}

/// Whether all candidates that may be meant agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Certain {
    /// In the population.
    pub population: bool,
    /// In the kind of truth of every data set.
    pub truth: bool,
    /// In what #Params and #FLOPs count on every data set.
    pub convention: bool,
}

/// The candidates for some printed values, and what they say.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What they say.
    pub verdict: Verdict,
    /// In what all that may be meant agree.
    pub certain: Certain,
    /// The candidates: those that fit first, and among them the nearest first.
    pub candidates: Vec<Candidate>,
    /// How many of the first candidates may be meant.
    pub meant: usize,
}

impl Finding {
    /// `candidates` are in their order.
    pub(super) fn new(candidates: Vec<Candidate>, asked: Asked) -> Self {
        // Which interval's middle is nearest says little.
        let clearly = if asked.drawn.is_some() { f64::INFINITY } else { CLEARLY.max(2.0 * asked.rounding) };
        let nearest = candidates.first().map_or(0.0, |first| first.distance);
        let is_meant = |candidate: &&Candidate| candidate.fits && candidate.distance < nearest + clearly;
        let meant: Vec<&Candidate> = candidates.iter().take_while(is_meant).collect();
        let populations: Vec<Population> = meant.iter().map(|one| one.population).collect();
        let conventions: Vec<Vec<Convention>> = meant.iter().map(|one| one.conventions()).collect();
        let truth = |candidate: &&Candidate| -> Vec<Vec<Kind>> {
            candidate.sets.iter().map(|set| kinds(set.accuracy, &set.others)).collect()
        };
        let truths: Vec<Vec<Vec<Kind>>> = meant.iter().map(truth).collect();
        let certain = Certain {
            population: alike(&populations),
            truth: alike(&truths) && truths.iter().flatten().all(|kinds| kinds.len() == 1),
            convention: alike(&conventions),
        };
        let verdict = match (meant.len(), certain) {
            (0, _) => Verdict::NoneFits,
            (_, Certain { population: true, truth: true, convention: true }) => Verdict::Identified,
            _ => Verdict::Ambiguous,
        };
        Self { verdict, certain, meant: meant.len(), candidates }
    }
}

/// The kinds of these accuracies, each once.
fn kinds(first: Nb201Accuracy, others: &[Nb201Accuracy]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = std::iter::once(first).chain(others.iter().copied()).map(Kind::from).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Whether there are some, and all are equal.
fn alike<T: PartialEq>(all: &[T]) -> bool {
    all.split_first().is_some_and(|(first, rest)| rest.iter().all(|one| one == first))
}
