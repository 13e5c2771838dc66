//! The specs of `nas-assay verify`: the truth and the settings of a carried spec, with one estimator and the baselines.

use std::collections::BTreeMap;

use crate::carried::SPECS;
use crate::estimator::EstimatorKind;
use crate::space::{SpaceId, TableSpace};
use crate::spec::{
    DataFile, Encodings, Ensemble, External, Failed, Images, Missing, Nb101Accuracy, Nb101Rows, Nb201Accuracy,
    Nb301Precision, Nb301Rows, OneShot, Panel, RowSet, ScoreFile, Spec, SpecError, SyntheticImages, TableTruth, Truth,
    UnknownAccuracy, parse_spec,
};
use crate::truth::nb201::{known_digest, table_path};
use nas_assay_base::nearest;
use nas_assay_base::text::excerpt;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The baselines that an estimator is always compared with, in every space with networks.
pub const BASELINES: [&str; 3] = ["params", "flops", "relu_count"];

/// The baselines that scores of a space are always compared with. In a table-only space they are counts of its encodings.
pub fn baselines(space: SpaceId) -> &'static [&'static str] {
    match space {
        SpaceId::Table(TableSpace::NatsSss) => &["width_sum", "log_width_sum"],
        SpaceId::Table(TableSpace::Tnb101Micro) => &["conv_count"],
        SpaceId::Table(TableSpace::Tnb101Macro) => &["down_samplings"],
        _ => &BASELINES,
    }
}

/// The rows of the paper, each with the score of any encoding of its class.
pub const CLASSES: &str = "classes";

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
    /// If the space is a table-only one, which has no carried spec. Else only if the carried spec is missing or invalid; the tests check
    /// that it is not.
    pub fn spec(self, space: SpaceId) -> Result<Spec, SpecError> {
        if let Some(why) = space.without_network() {
            let problem = format!("is refused, since {why}");
            return Err(SpecError::Invalid { key: "space".to_owned(), problem });
        }
        let name = self.spec_name(space);
        let (name, text) = SPECS
            .iter()
            .find(|(carried, _)| *carried == name)
            .ok_or_else(|| SpecError::Invalid { key: "space".to_owned(), problem: format!("has no spec {name}") })?;
        parse_spec(text, name)
    }

    /// The name of that spec.
    pub fn spec_name(self, space: SpaceId) -> String {
        let size = if self == Self::Benchmark { "real" } else { "micro" };
        format!("{space}-{size}")
    }
}

/// Scores to judge: where they come from, and what they are compared with.
#[derive(Clone, Debug)]
pub struct ScoresToJudge<'a> {
    /// The space.
    pub space: SpaceId,
    /// The source of the truth.
    pub source: TruthSource,
    /// A table of measured accuracies or of another quantity that is the truth instead of the source's.
    pub table: Option<TableTruth>,
    /// Which accuracy of the benchmark's table is the truth, by its name in specs; `None` for that of the paper.
    pub accuracy: Option<&'a str>,
    /// Which rows of the benchmark's table are used, by their name in specs; `None` for those of the paper. With [`CLASSES`] these, and any
    /// encoding stands for its class.
    pub rows: Option<&'a str>,
    /// The name of the scores.
    pub name: &'a str,
    /// The file.
    pub scores: ScoreFile,
    /// What happens with failed scores.
    pub failed: Failed,
    /// The numbers of best architectures among which tau is computed, too.
    pub top_counts: &'a [usize],
    /// What they are compared with, beside the baselines.
    pub against: Option<Against>,
}

/// What scores are compared with.
#[derive(Clone, Debug)]
pub enum Against {
    /// Other scores.
    Scores {
        /// Their name.
        name: String,
        /// The file.
        file: Box<ScoreFile>,
    },
    /// An estimator of the suite, which is computed for the same architectures.
    Estimator {
        /// Its id.
        id: String,
        /// Its kind. One that needs a supernet has none here: such a spec is not resolved.
        kind: EstimatorKind,
    },
}

/// A spec that compares the scores in a file with the truth, for all architectures that have both.
///
/// # Errors
/// As [`TruthSource::spec`], and if the table has no such accuracy or rows, or the scores do not make a valid spec.
pub fn verify_scores(of: &ScoresToJudge<'_>) -> Result<Spec, SpecError> {
    let start = match of.space {
        SpaceId::Table(space) => table_only(space)?,
        space => of.source.spec(space)?,
    };
    let mut spec = alone(start, of.name, baselines(of.space));
    if let Some(table) = &of.table {
        spec.truth = Truth::Table(table.clone());
    }
    if let (Some(why), None) = (of.space.without_network(), &of.table) {
        let problem = format!("has to be a table of measured accuracies, since {why}");
        return Err(SpecError::Invalid { key: "truth".to_owned(), problem });
    }
    choose(&mut spec.truth, "accuracy", of.accuracy)?;
    choose(&mut spec.truth, "rows", of.rows.filter(|rows| *rows != CLASSES))?;
    spec.criteria.top_counts = of.top_counts.to_vec();
    if let Some(table) = of.table.as_ref().filter(|table| table.unit.is_some()) {
        spec.title = format!("{}: {} against {}", spec.space.title(), of.name, table.title());
    }
    // No network is trained, so the supernet and the one-shot settings must not affect the hash. Nor must the images if nothing looks at
    // them: the baselines count, and scores of a file are there.
    spec.supernet = None;
    // Of several runs, their mean is ranked too.
    let ensemble = if of.scores.columns.is_empty() { Ensemble::None } else { Ensemble::Seeds };
    spec.one_shot = OneShot { ensemble, ..OneShot::default() };
    let looks = matches!(&of.against, Some(Against::Estimator { kind, .. }) if *kind != EstimatorKind::Baseline);
    // Other images stay, for their classes: they are outputs that baselines count.
    if !looks && of.space.has_network() && spec.images.classes() == 10 {
        spec.images = Images::Synthetic(SyntheticImages {
            seed: crate::spec::SeedValue(0),
            resolution: spec.images.resolution(),
            train: 2,
            validation: 2,
        });
    }
    for panel in spec.panels.values_mut() {
        panel.scores.insert(of.name.to_owned(), of.scores.clone());
        match &of.against {
            Some(Against::Scores { name, file }) => {
                panel.scores.insert(name.clone(), file.as_ref().clone());
                panel.against = vec![name.clone()];
            }
            // The baselines are there anyway.
            Some(Against::Estimator { id, .. }) if !baselines(of.space).contains(&id.as_str()) => {
                panel.estimators.push(id.clone());
                panel.against = vec![id.clone()];
            }
            Some(Against::Estimator { .. }) | None => {}
        }
        panel.encodings = if of.rows == Some(CLASSES) { Encodings::Class } else { Encodings::Own };
        panel.missing = Missing::PassOver;
        panel.failed = of.failed;
    }
    spec.validate()?;
    Ok(spec)
}

/// The spec of a table-only space, before its truth is known.
fn table_only(space: TableSpace) -> Result<Spec, SpecError> {
    let ends: Vec<String> = space.all().step_by(space.count() - 1).map(|end| end.to_string()).collect();
    let text = format!(
        "name = '{space}'\nspace = '{space}'\n[images.none]\n[truth.none]\n[panels.{PANEL}]\nestimators = {:?}\narchitectures = {ends:?}\n",
        baselines(SpaceId::Table(space)),
    );
    parse_spec(&text, space.name())
}

/// Sets a choice that the source of the truth offers.
fn choose(truth: &mut Truth, key: &str, choice: Option<&str>) -> Result<(), SpecError> {
    let Some(choice) = choice else { return Ok(()) };
    let place = format!("truth.{}.{key}", truth.key());
    let refused = |problem: String| SpecError::Invalid { key: place.clone(), problem };
    let names = match (&mut *truth, key) {
        (Truth::Nb101(_), "accuracy") => names(&[Nb101Accuracy::Validation, Nb101Accuracy::Test, Nb101Accuracy::Train]),
        (Truth::Nb101(_), _) => {
            names(&[Nb101Rows::All, Nb101Rows::DistinctFirst, Nb101Rows::DistinctLast, Nb101Rows::DistinctMean])
        }
        (Truth::Nb201(truth), "accuracy") => {
            let accuracy = choice.parse().map_err(|error: UnknownAccuracy| refused(format!("is wrong: {error}")))?;
            (truth.file, truth.accuracy) = (known_table(accuracy).map_err(refused)?, accuracy);
            return Ok(());
        }
        (Truth::Nb201(_), _) => names(&[RowSet::All, RowSet::Representatives]),
        (Truth::Nb301(_), "accuracy") => names(&[Nb301Precision::Full, Nb301Precision::Sparse]),
        (Truth::Nb301(_), _) => names(&[Nb301Rows::All, Nb301Rows::UniqueLast]),
        (Truth::Trained(_) | Truth::Nds(_) | Truth::Table(_) | Truth::None(_), _) => {
            return Err(refused(format!("cannot be {}: this truth has no such choice", excerpt(choice))));
        }
    };
    let value = || serde_json::Value::String(choice.to_owned());
    let unknown = || {
        let known = names.iter().map(String::as_str).chain((key == "rows").then_some(CLASSES));
        let near = nearest(choice, known);
        let near = near.map(|name| format!("; the nearest is `{name}`")).unwrap_or_default();
        let more = if key == "rows" { format!(", {CLASSES}") } else { String::new() };
        refused(format!("is {}, and must be one of {}{more}{near}", excerpt(choice), names.join(", ")))
    };
    let known = match (truth, key) {
        (Truth::Nb101(truth), "accuracy") => set(&mut truth.accuracy, value()),
        (Truth::Nb101(truth), _) => set(&mut truth.rows, value()),
        (Truth::Nb201(truth), _) => set(&mut truth.rows, value()),
        (Truth::Nb301(truth), "accuracy") => set(&mut truth.precision, value()),
        (Truth::Nb301(truth), _) => set(&mut truth.rows, value()),
        (Truth::Trained(_) | Truth::Nds(_) | Truth::Table(_) | Truth::None(_), _) => false,
    };
    if known { Ok(()) } else { Err(unknown()) }
}

/// The table with an accuracy, if its digest is known.
fn known_table(accuracy: Nb201Accuracy) -> Result<DataFile, String> {
    let name = accuracy.table();
    let sha256 = known_digest(&name).ok_or_else(|| {
        format!("is {accuracy}, and no digest of its table is known; `--truth {}` takes it as it is", table_path(&name))
    })?;
    Ok(DataFile { path: table_path(&name), sha256: sha256.to_owned() })
}

/// Sets a field to the choice of this name; `false` if it has no such choice.
fn set<T: DeserializeOwned>(field: &mut T, name: serde_json::Value) -> bool {
    serde_json::from_value(name).map(|value| *field = value).is_ok()
}

/// The names of choices in specs.
fn names<T: Serialize>(choices: &[T]) -> Vec<String> {
    let name = |choice| Some(serde_json::to_value(choice).ok()?.as_str()?.to_owned());
    choices.iter().filter_map(name).collect()
}

/// A spec that runs an estimator in the miniature of a space: one of the suite, or one that is `declared` here.
///
/// # Errors
/// As [`TruthSource::spec`].
pub fn verify_estimator(space: SpaceId, id: &str, declared: Option<&External>) -> Result<Spec, SpecError> {
    Ok(Spec { estimators: one(id, declared), ..alone(TruthSource::Carried.spec(space)?, id, &beside(space, id)) })
}

/// A spec that runs one estimator, which is declared here, and the baselines for the architectures of another spec, with its settings.
///
/// # Errors
/// If the space has no networks.
pub fn verify_estimator_on(spec: Spec, id: &str, declared: &External) -> Result<Spec, SpecError> {
    if let Some(why) = spec.space.without_network() {
        return Err(SpecError::Invalid { key: "space".to_owned(), problem: format!("is refused, since {why}") });
    }
    let estimators = beside(spec.space, id);
    let panel = |panel: &Panel| Panel {
        architectures: panel.architectures.clone(),
        encodings: panel.encodings,
        sample: panel.sample,
        seed: panel.seed,
        without: panel.without.clone(),
        ..only(&estimators)
    };
    let panels = spec.panels.iter().map(|(name, own)| (name.clone(), panel(own))).collect();
    let title = format!("{}: {id} against the truth, on the architectures of {}", spec.space.title(), spec.name);
    let alone = alone(spec, id, &[]);
    Ok(Spec { title, panels, estimators: one(id, Some(declared)), ..alone })
}

/// The estimators of such a spec: the baselines and the judged one.
fn beside(space: SpaceId, id: &str) -> Vec<&str> {
    baselines(space).iter().filter(|baseline| **baseline != id).copied().chain([id]).collect()
}

fn one(id: &str, declared: Option<&External>) -> BTreeMap<String, External> {
    declared.map(|declared| (id.to_owned(), declared.clone())).into_iter().collect()
}

/// A panel with these estimators and all architectures of the truth.
pub(super) fn only(estimators: &[&str]) -> Panel {
    Panel {
        estimators: estimators.iter().map(|&id| id.to_owned()).collect(),
        scores: BTreeMap::new(),
        architectures: None,
        encodings: Encodings::Own,
        missing: Missing::Refuse,
        failed: Failed::Worst,
        against: Vec::new(),
        votes: BTreeMap::new(),
        sample: 0,
        seed: crate::spec::SeedValue(0),
        without: None,
        variants: None,
    }
}

fn alone(spec: Spec, name: &str, estimators: &[&str]) -> Spec {
    let truth = match spec.truth {
        Truth::Trained(truth) => Truth::Trained(crate::spec::TrainedTruth { verify: 0, ..truth }),
        other => other,
    };
    let panel = only(estimators);
    Spec {
        name: format!("{}-{name}", spec.space),
        title: format!("{}: {name} against the truth", spec.space.title()),
        truth,
        panels: BTreeMap::from([(PANEL.to_owned(), panel)]),
        variants: BTreeMap::new(),
        ..spec
    }
}
