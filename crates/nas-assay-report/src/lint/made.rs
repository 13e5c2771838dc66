//! Claims that are made to have one property, for the tests of the rules.

use nas_assay_base::seed::Seed;
use nas_assay_criteria::bootstrap::panel_seed;
use nas_assay_criteria::{Comparison, CriteriaConfig, Direction, Interval, evaluate};
use nas_assay_schema::declaration::Declaration;
use nas_assay_schema::estimator::{EstimatorKind, Score};
use nas_assay_schema::store::record::{AnalysesRecord, ComparisonRecord, EstimatorRecord, Record};
use nas_assay_schema::truth::runs::NoRuns;
use nas_assay_spaces::{Architecture, SpaceId};

use super::claim::{Claim, OtherTruth};
use super::finding::Finding;
use super::rules::RULES;
use crate::worth::{KnownCeiling, Worth};
use crate::{fixture, gate_check::GateCheck};

/// A record with the baseline `params` and the claim `mine`.
pub(super) struct Made {
    record: Record,
    worth: Option<Worth>,
    declared: Declaration,
    also: Vec<Record>,
    elsewhere: Vec<OtherTruth>,
    gate: Option<GateCheck>,
}

/// The place of the claim among the estimators.
const MINE: usize = 1;

impl Made {
    /// `rows` architectures whose truth has a deviation of 1. The scores of the claim have noise of this deviation, and those of `params` of
    /// 1.
    pub fn noisy(rows: usize, noise: f64) -> Self {
        let mut record = fixture::record(rows);
        let stream = |name: &str| Seed::root(12).child(name).stream();
        let (mut truth, mut of_params, mut of_mine) = (stream("truth"), stream("params"), stream("mine"));
        let truth: Vec<f64> = (0..rows).map(|_| truth.normal()).collect();
        let params = truth.iter().map(|truth| truth + of_params.normal()).collect();
        let mine = truth.iter().map(|truth| truth + noise * of_mine.normal()).collect();
        let panel = &mut record.panels[0];
        panel.coverage.clear();
        panel.analyses = AnalysesRecord::default();
        panel.estimators.truncate(MINE + 1);
        for (row, truth) in panel.architectures.iter_mut().zip(truth) {
            row.truth = Some(truth);
        }
        for (estimator, (id, kind)) in
            panel.estimators.iter_mut().zip([("params", EstimatorKind::Baseline), ("mine", EstimatorKind::ZeroShot)])
        {
            (estimator.id, estimator.kind, estimator.direction) = (id.to_owned(), kind, Direction::Higher);
            (estimator.variant, estimator.checkpoint) = (None, None);
            estimator.published.clear();
        }
        record.spec = serde_json::json!({"spec": {"space": "nb201", "panels": {"representatives": {"estimators": ["params", "mine"]}}}});
        let mut made = Self {
            record,
            worth: None,
            declared: Declaration::default(),
            also: Vec::new(),
            elsewhere: Vec::new(),
            gate: None,
        };
        made.set(0, params);
        made.set(MINE, mine);
        made
    }

    /// A claim of which nothing is known: the scores of a file for one architecture that cannot be read, in an unknown space, by a table of
    /// which nobody says what it is.
    pub fn unknown(kind: EstimatorKind) -> Self {
        let mut made = Self::noisy(1, 0.5);
        made.record.space = "unknown".to_owned();
        made.record.spec["spec"]["truth"] = serde_json::json!({"table": {"columns": ["value"]}});
        made.truth_rows(1);
        made.of_file();
        made.mine_mut().kind = kind;
        let row = &mut made.record.panels[0].architectures[0];
        (row.architecture, row.params, row.flops) = ("?".to_owned(), None, None);
        made
    }

    /// What a lint says.
    pub fn find(&self, id: &str) -> Finding {
        let rule = RULES.iter().find(|rule| rule.id == id).unwrap();
        // Few rules read it, and it takes longer than the rest.
        let worth = if ["L1", "L2", "L3", "L4", "L5"].contains(&id) { self.worth() } else { Worth::default() };
        let panel = &self.record.panels[0];
        let mut claim = Claim::of(&self.record, panel, &panel.estimators[MINE], &self.declared).unwrap();
        claim.worth = worth.panel(&panel.name);
        claim.also = &self.also;
        claim.elsewhere = &self.elsewhere;
        claim.gate = self.gate.as_ref();
        claim.formulas = &["params", "mine", "a", "b"];
        rule.find(&claim)
    }

    fn worth(&self) -> Worth {
        self.worth.clone().unwrap_or_else(|| Worth::of(&self.record, Err(&NoRuns::One)))
    }

    fn set(&mut self, place: usize, scores: Vec<f64>) {
        let truth = self.truth();
        let criteria = evaluate(&truth, &scores, &CriteriaConfig::default(), panel_seed()).unwrap();
        let estimator = &mut self.record.panels[0].estimators[place];
        estimator.criteria = criteria;
        estimator.scores = scores.into_iter().map(Score::from).collect();
    }

    pub fn set_scores(&mut self, scores: Vec<f64>) {
        self.set(MINE, scores);
    }

    /// The claim gets the scores of another estimator.
    pub fn scores_of(&mut self, id: &str) {
        let found = self.record.panels[0].estimators.iter().find(|estimator| estimator.id == id).unwrap();
        self.set(MINE, found.oriented());
    }

    /// Another estimator of the panel.
    pub fn rival(&mut self, id: &str, kind: EstimatorKind, scores: Vec<f64>) {
        let panel = &mut self.record.panels[0];
        let rival = EstimatorRecord { id: id.to_owned(), kind, ..panel.estimators[MINE].clone() };
        panel.estimators.push(rival);
        let place = panel.estimators.len() - 1;
        self.set(place, scores);
    }

    pub fn truth(&self) -> Vec<f64> {
        self.record.panels[0].truth().unwrap()
    }

    pub fn scores(&self) -> Vec<f64> {
        self.mine().oriented()
    }

    pub fn tau(&self) -> f64 {
        self.mine().criteria.kendall.tau_b.unwrap()
    }

    pub fn mine(&self) -> &EstimatorRecord {
        &self.record.panels[0].estimators[MINE]
    }

    pub fn mine_mut(&mut self) -> &mut EstimatorRecord {
        &mut self.record.panels[0].estimators[MINE]
    }

    pub fn record(&self) -> Record {
        self.record.clone()
    }

    pub fn record_mut(&mut self) -> &mut Record {
        &mut self.record
    }

    /// The scores are from a file.
    pub fn of_file(&mut self) {
        self.record.spec["spec"]["panels"]["representatives"]["scores"] = serde_json::json!({"mine": {}});
    }

    /// The interval of tau.
    pub fn interval(&mut self, [lower, upper]: [f64; 2]) {
        self.mine_mut().criteria.kendall.interval = Some(Interval { lower, upper, resamples: 1000, undefined: 0 });
    }

    /// The outcome of the paired test with a baseline.
    pub fn compared(&mut self, with: &str, difference: f64, [lower, upper]: [f64; 2]) {
        let interval = Interval { lower, upper, resamples: 1000, undefined: 0 };
        let (difference, interval) = (Some(difference), Some(interval));
        let outcome =
            Comparison { difference, interval, no_interval: None, verdict: nas_assay_criteria::Verdict::Undecided };
        let test = ComparisonRecord { estimator: "mine".to_owned(), with: with.to_owned(), outcome };
        self.record.panels[0].analyses.comparisons.push(test);
    }

    pub fn declare(&mut self, text: &str) {
        self.declared = Declaration::parse(text, "claim.toml").unwrap();
    }

    pub fn also(&mut self, record: Record) {
        self.also = vec![record];
    }

    pub fn elsewhere(&mut self, truth: OtherTruth) {
        self.elsewhere = vec![truth];
    }

    /// The architectures have these sizes, in order, as #Params and as #FLOPs.
    pub fn sizes(&mut self, sizes: &[f64]) {
        for (row, size) in self.record.panels[0].architectures.iter_mut().zip(sizes) {
            let count = Some((1e6 * (size + 100.0)) as u64);
            (row.params, row.flops) = (count, count);
        }
    }

    pub fn set_truth(&mut self, truth: Vec<f64>) {
        for (row, truth) in self.record.panels[0].architectures.iter_mut().zip(truth) {
            row.truth = Some(truth);
        }
    }

    pub fn gate(&mut self, gate: GateCheck) {
        self.gate = Some(gate);
    }

    pub fn space(&mut self, space: SpaceId) {
        self.record.space = space.to_string();
    }

    pub fn architectures(&mut self, texts: Vec<String>) {
        for (row, text) in self.record.panels[0].architectures.iter_mut().zip(texts) {
            row.architecture = text;
        }
    }

    pub fn truth_rows(&mut self, rows: usize) {
        self.record.truth.as_mut().unwrap().rows = rows;
    }

    pub fn ceiling(&mut self, ceiling: KnownCeiling) {
        let mut worth = self.worth();
        worth.panels[0].ceiling = ceiling;
        self.worth = Some(worth);
    }

    /// Tau without dead operations, and with live convolutions.
    pub fn without_dead(&mut self, without_dead_operations: f64, with_live_convolutions: f64) {
        let mut worth = self.worth();
        let row = &mut worth.panels[0].rows[MINE];
        row.without_dead_operations = Some(without_dead_operations);
        row.with_live_convolutions = Some(with_live_convolutions);
        self.worth = Some(worth);
    }

    /// Which architectures have no live convolution.
    pub fn without_live_convolution(&self) -> Vec<bool> {
        let rows = self.record.panels[0].architectures.iter();
        let live = |text: &str| Architecture::parse(SpaceId::Nb201, text).unwrap().liveness().unwrap().convolutions;
        rows.map(|row| live(&row.architecture) == 0).collect()
    }

    /// Puts the truth and the scores of these architectures below all others.
    pub fn lower_where(&mut self, lowered: &[bool]) {
        for (row, _) in self.record.panels[0].architectures.iter_mut().zip(lowered).filter(|(_, lowered)| **lowered) {
            row.truth = row.truth.map(|truth| truth - 100.0);
        }
        let scores = self.scores().into_iter().zip(lowered);
        let scores = scores.map(|(score, &lowered)| if lowered { score - 100.0 } else { score }).collect();
        self.set(MINE, scores);
    }
}
