//! Whether another implementation of an estimator is that estimator.

use std::collections::{BTreeMap, BTreeSet};

use super::ExperimentError;
use super::lab::Lab;
use super::verify_specs::{TruthSource, only};
use crate::criteria::{GATE_ROWS, Gate};
use crate::report::gate_check::GateCheck;
use crate::seed::Seed;
use crate::space::SpaceId;
use crate::spec::{External, Listed, Missing, NoTruth, Panel, Precision, ScoreFile, SeedValue, Spec, Truth, ZeroShot};
use crate::store::record::{PanelRecord, Record};

/// The name of the scores of a file in the spec: the user's may be that of the estimator.
const GIVEN: &str = "given-scores";

/// The seeds over which an estimator is compared with itself.
const SEEDS: [u64; 3] = [20, 2020, 202_020];

impl Lab<'_> {
    /// Compares a program with the estimator `of` on architectures drawn from the space, in the networks of its miniature: both see the same
    /// weights and images, in double precision. In single precision, rounding alone can put two right implementations some percent apart.
    ///
    /// # Errors
    /// If there is no such estimator, a file of the program cannot be read, or a run fails.
    pub fn gate_external(
        &self,
        space: SpaceId,
        id: &str,
        declared: &External,
        of: &str,
    ) -> Result<GateCheck, ExperimentError> {
        let spec = one_seed(TruthSource::Carried.spec(space)?, drawn(space), &[id, of], SEEDS[0]);
        let zero_shot = ZeroShot { precision: Precision::F64, ..spec.zero_shot };
        let spec = Spec { zero_shot, estimators: BTreeMap::from([(id.to_owned(), declared.clone())]), ..spec };
        spec.validate()?;
        let record = self.run(&self.resolve(spec)?)?;
        let (theirs, ours) = (scores(&record, id)?, scores(&record, of)?);
        Ok(check(space, id, of, true, Gate::new(&theirs, &ours, &[])))
    }

    /// Compares scores of a file with the estimator `of`, for all architectures of the file, in the networks of the spec of a truth. No truth
    /// is read.
    ///
    /// # Errors
    /// If there is no such estimator, the file has no texts of architectures, or a run fails.
    pub fn gate_scores(
        &self,
        source: TruthSource,
        space: SpaceId,
        id: &str,
        file: &ScoreFile,
        of: &str,
    ) -> Result<GateCheck, ExperimentError> {
        let settings = source.spec(space)?;
        let plain = one_seed(settings.clone(), Vec::new(), &[of], SEEDS[0]);
        let mut spec = Spec { zero_shot: settings.zero_shot.clone(), ..plain };
        for panel in spec.panels.values_mut() {
            panel.architectures = Some(Listed::File(file.file.clone()));
            panel.scores.insert(GIVEN.to_owned(), file.clone());
            panel.missing = Missing::PassOver;
        }
        spec.validate()?;
        let record = self.run(&self.resolve(spec)?)?;
        let panel = record.panels.first().ok_or(ExperimentError::Unprepared("a panel"))?;
        let texts = panel.architectures.iter().map(|row| row.architecture.clone()).collect::<Vec<_>>();
        let (theirs, ours) = (scores(&record, GIVEN)?, scores(&record, of)?);
        let seeds = if texts.len() < GATE_ROWS { Vec::new() } else { self.over_seeds(&settings, &texts, of)? };
        Ok(check(space, id, of, false, Gate::new(&theirs, &ours, &seeds)))
    }

    /// The scores of an estimator for each seed alone.
    fn over_seeds(&self, spec: &Spec, texts: &[String], of: &str) -> Result<Vec<Vec<f64>>, ExperimentError> {
        let alone = |seed: u64| {
            let record = self.run(&self.resolve(one_seed(spec.clone(), texts.to_vec(), &[of], seed))?)?;
            scores(&record, of)
        };
        SEEDS.into_iter().map(alone).collect()
    }
}

fn check(space: SpaceId, id: &str, of: &str, same_weights: bool, gate: Gate) -> GateCheck {
    GateCheck { space: space.to_string(), scores: id.to_owned(), estimator: of.to_owned(), same_weights, gate }
}

/// Architectures of the space, drawn by a pinned seed, each once.
fn drawn(space: SpaceId) -> Vec<String> {
    let mut stream = Seed::root(0).child("gate").child(space.name()).stream();
    let (mut texts, mut known) = (Vec::new(), BTreeSet::new());
    while texts.len() < GATE_ROWS {
        let text = space.sample(&mut stream).to_string();
        if known.insert(text.clone()) {
            texts.push(text);
        }
    }
    texts
}

/// The spec without truth, with these architectures and estimators, and weights of one seed.
fn one_seed(spec: Spec, texts: Vec<String>, estimators: &[&str], seed: u64) -> Spec {
    let panel = Panel { architectures: Some(Listed::Texts(texts)), ..only(estimators) };
    Spec {
        name: format!("{}-gate", spec.space),
        title: String::new(),
        truth: Truth::None(NoTruth {}),
        supernet: None,
        zero_shot: ZeroShot { seeds: vec![SeedValue(seed)], ..spec.zero_shot },
        panels: BTreeMap::from([("all".to_owned(), panel)]),
        variants: BTreeMap::new(),
        ..spec
    }
}

/// The scores of the first row of an estimator, in its own direction.
fn scores(record: &Record, id: &str) -> Result<Vec<f64>, ExperimentError> {
    let rows = record.panels.first().map(|panel: &PanelRecord| &panel.estimators);
    let row = rows.into_iter().flatten().find(|row| row.id == id);
    let row = row.ok_or(ExperimentError::Unprepared("the scores of an estimator"))?;
    Ok(row.scores.iter().map(|score| score.value()).collect())
}
