//! What a lint looks at: an estimator in one panel of a record, and all that is known beside it.

use std::collections::BTreeMap;

use nas_assay_criteria::bootstrap::{FEWEST, panel_seed};
use nas_assay_criteria::ceiling::top_rows;
use nas_assay_criteria::{CriteriaConfig, Interval, PairCounts, Resamples};
use nas_assay_schema::declaration::Declaration;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{CoverageRecord, EstimatorRecord, PanelRecord, Record};
use nas_assay_spaces::{Architecture, SpaceId, Structure};
use serde_json::Value;

use crate::gate_check::GateCheck;
use crate::other_papers::Summary;
use crate::true_values::TrueValues;
use crate::worth::{PanelWorth, WorthRow};

/// A claim: that the scores of an estimator rank the architectures of a panel as the truth does.
pub(crate) struct Claim<'a> {
    pub record: &'a Record,
    pub panel: &'a PanelRecord,
    pub estimator: &'a EstimatorRecord,
    /// The estimator with its variant and checkpoint.
    pub label: String,
    pub worth: Option<&'a PanelWorth>,
    /// What others printed for this estimator.
    pub printed: Option<Summary>,
    pub declared: &'a Declaration,
    /// Other records that may have the estimator.
    pub also: &'a [Record],
    /// Truths of the same architectures on other data sets.
    pub elsewhere: &'a [OtherTruth],
    /// The comparison with the estimator whose name the scores bear.
    pub gate: Option<&'a GateCheck>,
    /// The ids of the estimators that this program computes by formulas of its own.
    pub formulas: &'a [&'a str],
    /// True values, higher is better.
    pub truth: Vec<f64>,
    /// Scores, higher is better. Some may not be finite.
    pub scores: Vec<f64>,
    pub space: Option<SpaceId>,
    /// The architectures of the panel; `None` if one of them cannot be read.
    pub architectures: Option<Vec<Architecture>>,
}

/// The truth on another data set.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherTruth {
    /// Its name, such as `cifar100`.
    pub name: String,
    /// Its values, by the texts of architectures; higher is better.
    pub values: BTreeMap<String, f64>,
}

/// The part of the architectures that counts as the head of a ranking.
pub(crate) const HEAD: f64 = 0.1;

impl<'a> Claim<'a> {
    /// Kendall's tau-b over all architectures.
    pub fn tau(&self) -> Option<f64> {
        self.estimator.criteria.kendall.tau_b
    }

    /// Its 95 % interval.
    pub fn interval(&self) -> Option<Interval> {
        self.estimator.criteria.kendall.interval
    }

    /// How many architectures are judged.
    pub fn count(&self) -> usize {
        self.truth.len()
    }

    /// A part of the spec; `path` has the keys.
    pub fn spec(&self, path: &[&str]) -> Option<&'a Value> {
        path.iter().try_fold(self.record.spec.get("spec")?, |value, key| value.get(key))
    }

    /// The spec of the panel.
    pub fn panel_spec(&self, key: &str) -> Option<&'a Value> {
        self.spec(&["panels", &self.panel.name, key])
    }

    /// Whether the scores are from a file, so that the spec does not say how they were computed.
    pub fn is_of_file(&self) -> bool {
        self.is_in_file(self.estimator)
    }

    fn is_in_file(&self, of: &EstimatorRecord) -> bool {
        self.panel_spec("scores").and_then(|scores| scores.get(&of.id)).is_some()
    }

    /// Whether a formula of this program computed them.
    pub fn is_computed_here(&self) -> bool {
        self.is_formula(self.estimator)
    }

    /// Whether a formula of this program computed the scores of an estimator of the panel. A program that the spec names, an estimator of
    /// another crate and a file of scores are none.
    fn is_formula(&self, of: &EstimatorRecord) -> bool {
        let computed = [EstimatorKind::Baseline, EstimatorKind::ZeroShot, EstimatorKind::OneShot];
        let is_program = self.spec(&["estimators", &of.id]).is_some();
        computed.contains(&of.kind) && self.formulas.contains(&of.id.as_str()) && !self.is_in_file(of) && !is_program
    }

    /// The spec of the vote that it is.
    pub fn vote(&self) -> Option<&'a Value> {
        self.panel_spec("votes")?.get(&self.estimator.id)
    }

    /// Whether the members of the vote that it is are all formulas of this program; without their names, all estimators of the panel. Of a
    /// vote that the spec does not have, nothing is known.
    pub fn is_of_formulas(&self) -> bool {
        let Some(vote) = self.vote() else { return false };
        let members = vote.get("members").and_then(Value::as_array);
        let is_member = |of: &&EstimatorRecord| {
            of.kind != EstimatorKind::Vote && members.is_none_or(|all| all.iter().any(|id| *id == of.id.as_str()))
        };
        self.panel.estimators.iter().filter(is_member).all(|of| self.is_formula(of))
    }

    /// What became of the rows of its score file.
    pub fn coverage(&self) -> Option<&'a CoverageRecord> {
        self.panel.coverage.iter().find(|coverage| coverage.scores == self.estimator.id)
    }

    /// What its tau is worth.
    pub fn worth_row(&self) -> Option<&'a WorthRow> {
        self.worth?.rows.iter().find(|row| row.name == self.label && row.structure.is_none())
    }

    /// Why it is not known what its tau is worth.
    pub fn no_worth(&self) -> String {
        if self.count() < FEWEST {
            return format!("There are fewer than {FEWEST} architectures.");
        }
        "What a tau is worth on these architectures was not computed.".to_owned()
    }

    /// Why tau has no interval, as the end of a sentence.
    pub fn no_interval(&self) -> String {
        self.estimator
            .criteria
            .kendall
            .no_interval
            .map_or_else(|| "the record has none".to_owned(), |why| why.to_string())
    }

    /// The same estimator in the other panels of the record and in the other records, if they judge it by a truth of the same kind.
    pub fn elsewhere(&self) -> Vec<Elsewhere<'a>> {
        let in_record = |record: &'a Record| record.panels.iter().map(move |panel| (record, panel));
        let here = in_record(self.record).filter(|(_, panel)| panel.name != self.panel.name);
        let is_alike = |record: &&Record| record.truth.is_some() && record.quantity() == self.record.quantity();
        let there = self.also.iter().filter(is_alike).flat_map(in_record);
        let found = here.map(|place| (true, place)).chain(there.map(|place| (false, place)));
        let same = |(is_here, (record, panel)): (bool, (&'a Record, &'a PanelRecord))| {
            let estimator = chosen(panel, &self.estimator.id, self.estimator.variant.as_deref())?;
            Some(Elsewhere { record, panel, estimator, is_here })
        };
        found.filter_map(same).collect()
    }

    /// Resamples of some rows with these scores, over as many as the record has.
    pub fn resamples(&self, rows: &[usize], scores: &[f64]) -> Resamples {
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        Resamples::new(&pick(&self.truth), &pick(scores), self.resample_count(), panel_seed())
    }

    /// How many resamples the intervals of the record are made of.
    pub fn resample_count(&self) -> usize {
        let config =
            self.spec(&["criteria"]).and_then(|value| serde_json::from_value::<CriteriaConfig>(value.clone()).ok());
        config.unwrap_or_default().resamples
    }

    /// Tau-b among some rows, with its interval.
    pub fn tau_among(&self, rows: &[usize]) -> (Option<f64>, Option<Interval>) {
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let tau = PairCounts::new(&pick(&self.truth), &pick(&self.scores)).tau_b();
        (tau, self.resamples(rows, &self.scores).tau_b().ok())
    }

    /// The rows of the head by the truth, and by the scores. Ties with the last of them belong to it.
    pub fn heads(&self) -> [Vec<usize>; 2] {
        let ranked: Vec<f64> = self.scores.iter().map(|&score| rankable(score)).collect();
        [top_rows(&self.truth, HEAD), top_rows(&ranked, HEAD)]
    }

    /// Runs of the same estimator at the same epoch, each by itself: other seeds of a supernet, or other columns of a score file.
    pub fn runs(&self) -> Vec<&'a EstimatorRecord> {
        let Some(mine) = &self.estimator.checkpoint else { return Vec::new() };
        let is_run = |other: &&EstimatorRecord| {
            let same = (&other.id, &other.variant) == (&self.estimator.id, &self.estimator.variant);
            same && other.checkpoint.as_ref().is_some_and(|theirs| {
                let alike = theirs.averaged == mine.averaged && theirs.ensemble.is_empty();
                alike && (theirs.epoch == mine.epoch || theirs.is_column())
            })
        };
        self.panel.estimators.iter().filter(is_run).collect()
    }

    /// The other estimators of the panel: at their last checkpoints and with the spec's own settings, each with its scores.
    pub fn rivals(&self) -> Vec<(String, Vec<f64>)> {
        let last = crate::checkpoints::latest(&self.panel.estimators);
        let all = last.into_iter().map(|place| &self.panel.estimators[place]);
        let is_rival = |other: &&EstimatorRecord| other.variant.is_none() && other.id != self.estimator.id;
        all.filter(is_rival).map(|other| (other.label(), other.oriented())).collect()
    }

    /// The counts of the architectures that need no network: the structural baselines of the space, and #Params and #FLOPs if the panel
    /// has no such estimator.
    pub fn counts(&self) -> Vec<(String, Vec<f64>)> {
        let has = |name: &str| self.panel.estimators.iter().any(|estimator| estimator.id == name);
        let rows = &self.panel.architectures;
        let params: Option<Vec<f64>> = rows.iter().map(|row| row.params.map(|count| count as f64)).collect();
        let flops: Option<Vec<f64>> = rows.iter().map(|row| row.flops.map(|count| count as f64)).collect();
        let mut found: Vec<(String, Vec<f64>)> = [("params", params), ("flops", flops)]
            .into_iter()
            .filter(|(name, _)| !has(name))
            .filter_map(|(name, counts)| Some((name.to_owned(), counts?)))
            .collect();
        let structures = self.space.map_or(&[][..], Structure::of);
        for &structure in structures.iter().filter(|structure| !has(structure.name())) {
            let count = |&architecture: &Architecture| {
                let count = structure.count(architecture)? as f64;
                Some(if structure.is_lower_better() { -count } else { count })
            };
            let counts =
                self.architectures.as_ref().and_then(|all| all.iter().map(count).collect::<Option<Vec<f64>>>());
            found.extend(counts.map(|counts| (structure.name().to_owned(), counts)));
        }
        found
    }

    /// A claim about an estimator of a panel; `None` if there is no truth to judge it by.
    pub fn of(
        record: &'a Record,
        panel: &'a PanelRecord,
        estimator: &'a EstimatorRecord,
        declared: &'a Declaration,
    ) -> Option<Self> {
        let space: Option<SpaceId> = record.space.parse().ok();
        let parse = |text: &str| Architecture::parse(space?, text).ok();
        Some(Self {
            record,
            panel,
            estimator,
            label: estimator.label(),
            worth: None,
            printed: None,
            declared,
            also: &[],
            elsewhere: &[],
            gate: None,
            formulas: &[],
            truth: TrueValues::of(record).goodness(&panel.truth()?),
            scores: estimator.oriented(),
            space,
            architectures: panel.architectures.iter().map(|row| parse(&row.architecture)).collect(),
        })
    }
}

/// An estimator in another panel or record.
pub(crate) struct Elsewhere<'a> {
    pub record: &'a Record,
    pub panel: &'a PanelRecord,
    pub estimator: &'a EstimatorRecord,
    /// Whether it is another panel of the record of the claim.
    pub is_here: bool,
}

/// The row of a panel that stands for an estimator: at the last checkpoint, of several runs their mean, or else the first one.
pub(crate) fn chosen<'a>(panel: &'a PanelRecord, id: &str, variant: Option<&str>) -> Option<&'a EstimatorRecord> {
    let last = crate::checkpoints::latest(&panel.estimators).into_iter().map(|place| &panel.estimators[place]);
    let same: Vec<&EstimatorRecord> = last.filter(|of| of.id == id && of.variant.as_deref() == variant).collect();
    let is_mean =
        |of: &&EstimatorRecord| of.checkpoint.as_ref().is_some_and(|checkpoint| !checkpoint.ensemble.is_empty());
    same.iter().copied().find(is_mean).or_else(|| same.first().copied())
}

/// A score as it is ranked: what is not finite is below everything else.
pub(crate) fn rankable(score: f64) -> f64 {
    if score.is_finite() { score } else { f64::NEG_INFINITY }
}
