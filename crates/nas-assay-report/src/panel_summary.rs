//! The summary of a panel that every report shows: a few criteria of each estimator, and the published figures next to them.

use nas_assay_criteria::{Criterion, NoInterval, TopCount, Undefined};
use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord, Published};
use serde::{Deserialize, Serialize};

use crate::value_text;
use crate::worth::PanelWorth;

/// The criteria of the summary, after tau-b and its interval.
pub(crate) const ENDS: [Criterion; 5] = [
    Criterion::PrecisionTop(0.05),
    Criterion::PrecisionBottom(0.05),
    Criterion::BestRanking(0.01),
    Criterion::BestRanking(0.05),
    Criterion::WorstRanking(0.05),
];

/// The summary of one panel; estimators are in the order of the record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PanelSummary {
    /// The panel's name.
    pub panel: String,
    /// How many architectures it has.
    pub architectures: usize,
    /// Its estimators.
    pub estimators: Vec<EstimatorSummary>,
    /// The published figures of its estimators.
    pub published: Vec<PublishedComparison>,
}

/// The summary of one estimator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EstimatorSummary {
    /// The id, with the variant and the checkpoint if there are such.
    pub estimator: String,
    /// Kendall's tau-b; `None` where it is undefined.
    pub tau_b: Option<f64>,
    /// The bounds of its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Why there is no interval; `None` if there is one.
    pub no_interval: Option<NoInterval>,
    /// The part that tau-b is of what another training reaches; `None` if that is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attainable_share: Option<f64>,
    /// Spearman's rho; `None` where it is undefined.
    pub spearman: Option<f64>,
    /// Why tau-b and Spearman's rho are undefined; `None` if they are defined.
    pub undefined: Option<Undefined>,
    /// The values at the two ends of the ranking: P@top 5 %, P@bottom 5 %, BR@1 %, BR@5 %, WR@5 %.
    pub ends: Vec<End>,
    /// Tau-b among the best so many, by truth and by score; empty if the spec has no such counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top_counts: Vec<TopCount>,
    /// How many scores are not finite.
    pub non_finite: usize,
    /// Whether a value at either end of the ranking depends on how ties are broken.
    pub tie_sensitive: bool,
    /// The first published tau-b on the same basis.
    pub published_tau_b: Option<f64>,
}

/// One value at an end of the ranking.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Which criterion.
    pub criterion: Criterion,
    /// Its value, a fraction.
    pub value: Option<f64>,
}

/// A published figure next to ours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedComparison {
    /// The estimator, as in [`EstimatorSummary::estimator`].
    pub estimator: String,
    /// Which criterion.
    pub criterion: Criterion,
    /// The value of this record.
    pub ours: Option<f64>,
    /// The published value.
    pub published: f64,
    /// Ours minus the published value; `None` if ours is undefined or the basis is another.
    pub difference: Option<f64>,
    /// What it was published for that the panel does not have; empty if the basis is the same.
    pub differs: Vec<String>,
    /// Where it was printed.
    pub source: String,
}

impl PanelSummary {
    /// Summarises a panel.
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::PanelSummary;
    ///
    /// let summary = PanelSummary::new(&record.panels[0]);
    /// assert_eq!(summary.architectures, 5);
    /// assert_eq!(summary.estimators[0].tau_b, Some(1.0));
    /// ```
    pub fn new(panel: &PanelRecord) -> Self {
        Self::with_worth(panel, None)
    }

    /// Summarises a panel, with the part that each tau-b is of what is attainable.
    pub fn with_worth(panel: &PanelRecord, worth: Option<&PanelWorth>) -> Self {
        let share = |estimator: &EstimatorRecord| worth.and_then(|worth| worth.share(&estimator.label()));
        Self {
            panel: panel.name.clone(),
            architectures: panel.architectures.len(),
            estimators: panel.estimators.iter().map(|row| EstimatorSummary::new(row, share(row))).collect(),
            published: panel.estimators.iter().flat_map(comparisons).collect(),
        }
    }
}

impl EstimatorSummary {
    fn new(estimator: &EstimatorRecord, attainable_share: Option<f64>) -> Self {
        let criteria = &estimator.criteria;
        let same = |published: &&Published| published.criterion == Criterion::TauB && published.differs.is_empty();
        let published = estimator.published.iter().find(same);
        Self {
            estimator: estimator.label(),
            tau_b: criteria.kendall.tau_b,
            interval: criteria.kendall.interval.map(value_text::bounds),
            no_interval: criteria.kendall.no_interval,
            attainable_share,
            spearman: criteria.spearman,
            undefined: criteria.undefined,
            ends: ENDS.into_iter().map(|criterion| End { criterion, value: criteria.get(criterion) }).collect(),
            top_counts: criteria.top_counts.clone(),
            non_finite: criteria.non_finite.total(),
            tie_sensitive: criteria.tie_sensitive,
            published_tau_b: published.map(|published| published.value),
        }
    }

    /// The interval in square brackets.
    pub(crate) fn interval_text(&self) -> String {
        self.interval.map_or(value_text::NONE.to_owned(), |bounds| value_text::interval(bounds, 3))
    }

    /// The published tau-b and our difference from it.
    pub(crate) fn published_text(&self) -> [String; 2] {
        let difference = |published| value_text::difference(Criterion::TauB, self.tau_b, published);
        let difference = self.published_tau_b.map_or(value_text::NONE.to_owned(), difference);
        [value_text::value(Criterion::TauB, self.published_tau_b), difference]
    }
}

impl PublishedComparison {
    /// The difference, if the basis is the same.
    pub(crate) fn difference_text(&self) -> String {
        if self.differs.is_empty() {
            value_text::difference(self.criterion, self.ours, self.published)
        } else {
            value_text::NONE.to_owned()
        }
    }

    /// Whether the basis is the same, and if not, how it differs.
    pub(crate) fn basis_text(&self) -> String {
        if self.differs.is_empty() { "same".to_owned() } else { format!("other: {}", self.differs.join("; ")) }
    }
}

fn comparisons(estimator: &EstimatorRecord) -> Vec<PublishedComparison> {
    let compare = |published: &Published| {
        let ours = estimator.criteria.get(published.criterion);
        PublishedComparison {
            estimator: estimator.label(),
            criterion: published.criterion,
            ours,
            published: published.value,
            difference: ours.map(|ours| ours - published.value).filter(|_| published.differs.is_empty()),
            differs: published.differs.clone(),
            source: published.source.clone(),
        }
    };
    estimator.published.iter().map(compare).collect()
}
