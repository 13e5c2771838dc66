//! Specs that judge one estimator: a carried one's truth and settings, with that estimator beside the baselines.

use std::collections::BTreeMap;

use crate::carried::SPECS;
use crate::space::SpaceId;
use crate::spec::{Images, Missing, OneShot, Panel, ScoreFile, Spec, SpecError, SyntheticImages, Truth, parse_spec};

/// The baselines that always stand beside the judged one, and the panel that they stand in.
pub const JUDGED_BESIDE: [&str; 3] = ["params", "flops", "relu_count"];
const PANEL: &str = "all";

/// Which truth an estimator is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// The benchmark's table, which needs a data root.
    Benchmark,
    /// The table that this project trained and carries.
    Carried,
}

impl Judge {
    /// The carried spec of a space that has this truth.
    ///
    /// # Errors
    /// None that a program whose tests pass can bring about.
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

/// The spec that judges scores out of a file by every architecture that has both truth and a score.
///
/// # Errors
/// As [`Judge::spec`].
pub fn judge_scores(space: SpaceId, judge: Judge, name: &str, scores: &ScoreFile) -> Result<Spec, SpecError> {
    let mut spec = alone(judge.spec(space)?, name, &JUDGED_BESIDE);
    // No network is trained or scored: how it would be, and on which images, is no part of this experiment.
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

/// The spec that judges a registered estimator in a space's miniature.
///
/// # Errors
/// As [`Judge::spec`].
pub fn judge_estimator(space: SpaceId, id: &str) -> Result<Spec, SpecError> {
    let beside = JUDGED_BESIDE.iter().filter(|baseline| **baseline != id).copied();
    let estimators: Vec<&str> = beside.chain([id]).collect();
    Ok(alone(Judge::Carried.spec(space)?, id, &estimators))
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
