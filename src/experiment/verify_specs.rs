//! The specs of `nas-assay verify`: the truth and the settings of a carried spec, with one estimator and the baselines.

use std::collections::BTreeMap;

use crate::carried::SPECS;
use crate::space::SpaceId;
use crate::spec::{Images, Missing, OneShot, Panel, ScoreFile, Spec, SpecError, SyntheticImages, Truth, parse_spec};

/// The baselines that an estimator is always compared with.
pub const BASELINES: [&str; 3] = ["params", "flops", "relu_count"];

/// The panel in which the estimator is ranked.
const PANEL: &str = "all";

/// The truth with which an estimator is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruthSource {
    /// The benchmark's table, which needs a data root.
    Benchmark,
    /// The table that this project trained and carries.
    Carried,
}

impl TruthSource {
    /// The carried spec for a space with this truth.
    ///
    /// # Errors
    /// Only if the carried spec is missing or invalid; the tests check that it is not.
    pub fn spec(self, space: SpaceId) -> Result<Spec, SpecError> {
        let size = if self == Self::Benchmark { "real" } else { "micro" };
        let name = format!("{space}-{size}");
        let (name, text) = SPECS
            .iter()
            .find(|(carried, _)| *carried == name)
            .ok_or_else(|| SpecError::Invalid { key: "space".to_owned(), problem: format!("has no spec {name}") })?;
        parse_spec(text, name)
    }
}

/// A spec that compares the scores in a file with the truth, for all architectures that have both.
///
/// # Errors
/// As [`TruthSource::spec`].
pub fn verify_scores(space: SpaceId, source: TruthSource, name: &str, scores: &ScoreFile) -> Result<Spec, SpecError> {
    let mut spec = alone(source.spec(space)?, name, &BASELINES);
    // No network is trained or scored, so the supernet, the one-shot settings and the images must not affect the hash.
    spec.supernet = None;
    spec.one_shot = OneShot::default();
    spec.images = Images::Synthetic(SyntheticImages {
        seed: crate::spec::SeedValue(0),
        resolution: spec.images.resolution(),
        train: 2,
        validation: 2,
    });
    for panel in spec.panels.values_mut() {
        panel.scores.insert(name.to_owned(), scores.clone());
        panel.missing = Missing::PassOver;
    }
    Ok(spec)
}

/// A spec that runs an estimator of the suite in the miniature of a space.
///
/// # Errors
/// As [`TruthSource::spec`].
pub fn verify_estimator(space: SpaceId, id: &str) -> Result<Spec, SpecError> {
    let others = BASELINES.iter().filter(|baseline| **baseline != id).copied();
    let estimators: Vec<&str> = others.chain([id]).collect();
    Ok(alone(TruthSource::Carried.spec(space)?, id, &estimators))
}

fn alone(spec: Spec, name: &str, estimators: &[&str]) -> Spec {
    let truth = match spec.truth {
        Truth::Trained(truth) => Truth::Trained(crate::spec::TrainedTruth { verify: 0, ..truth }),
        other => other,
    };
    let panel = Panel {
        estimators: estimators.iter().map(|&id| id.to_owned()).collect(),
        scores: BTreeMap::new(),
        missing: Missing::Refuse,
        votes: BTreeMap::new(),
        sample: 0,
        seed: crate::spec::SeedValue(0),
        without: None,
    };
    Spec {
        name: format!("{}-{name}", spec.space),
        title: format!("{}: {name} against the truth", spec.space.title()),
        truth,
        panels: BTreeMap::from([(PANEL.to_owned(), panel)]),
        variants: BTreeMap::new(),
        ..spec
    }
}
