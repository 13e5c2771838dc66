//! The reference vectors of `fixtures/pytorch`: networks whose logits and scores PyTorch computed, by code that was written from the
//! definitions (`python/nas_assay/torch`). `python/tests/make_reference.py` makes them, without this program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use nas_assay::Backend;
use nas_assay::estimator::{Estimator, Score, Suite};
use nas_assay::exchange::{IMAGES, LABELS, LOGITS, METADATA, NetworkDescription};
use nas_assay::experiment::{GivenSize, ScoreError, Scored, WeightsToScore, score_weights};
use nas_assay::space::{Form, SpaceId};
use serde_json::Value;

/// What has to have a file.
const PAIRS: [(SpaceId, Form); 10] = [
    (SpaceId::Nb101, Form::StandAlone),
    (SpaceId::Nb101, Form::Supernet),
    (SpaceId::Nb201, Form::StandAlone),
    (SpaceId::Nb201, Form::Supernet),
    (SpaceId::Nb301, Form::StandAlone),
    (SpaceId::Nb301, Form::Supernet),
    (SpaceId::NdsResnet, Form::StandAlone),
    (SpaceId::NdsResnet, Form::Supernet),
    (SpaceId::NdsResnextA, Form::StandAlone),
    (SpaceId::NdsResnextA, Form::Supernet),
];

/// A network that PyTorch has run.
struct Reference {
    path: PathBuf,
    description: NetworkDescription,
    /// `[image][class]`.
    logits: Vec<Vec<f64>>,
    /// Estimator ids and scores, without those that are rounding.
    scores: Vec<(String, f64)>,
}

impl Reference {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let tensors: BTreeMap<String, Tensor> =
            candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap().into_iter().collect();
        let weights = tensors.iter().filter(|(name, _)| !name.starts_with("input.labels"));
        assert!(weights.clone().all(|(_, tensor)| tensor.dtype() == DType::F64), "{}", path.display());
        let beside: Value = serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
        let scores = beside["scores"].as_object().unwrap();
        Self {
            path: path.to_owned(),
            description: NetworkDescription::parse(&header.metadata().as_ref().unwrap()[METADATA]).unwrap(),
            logits: tensors[LOGITS].to_vec2().unwrap(),
            scores: scores.iter().map(|(id, score)| (id.clone(), score.as_f64().unwrap())).collect(),
        }
    }

    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pytorch");
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "safetensors"));
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Logits and the scores of some estimators, computed here.
    fn scored<'a>(&self, ids: impl Iterator<Item = &'a str>, dtype: DType) -> Result<Scored, ScoreError> {
        scored(&self.path, ids, dtype)
    }

    /// The scores of the newer estimators, for the images of [`Self::turned`]. Those that are missing are rounding, or cannot be.
    fn newer(&self) -> BTreeMap<String, f64> {
        let beside = std::fs::read(self.path.with_extension("newer.json")).unwrap();
        let beside: Value = serde_json::from_slice(&beside).unwrap();
        let scores = beside["scores"].as_object().unwrap();
        scores.iter().map(|(id, score)| (id.clone(), score.as_f64().unwrap())).collect()
    }

    /// Writes the network with 16 images: its four, each from right to left, upside down, and both. They have their labels, or that of their
    /// group of four.
    fn turned(&self, folder: &Path, by_group: bool) -> PathBuf {
        let bytes = std::fs::read(&self.path).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().clone();
        let mut tensors: BTreeMap<String, Tensor> =
            candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap().into_iter().collect();
        let (images, labels) = (tensors[IMAGES].clone(), tensors[LABELS].clone());
        let across = images.flip(&[3]).unwrap();
        let down = |images: &Tensor| images.flip(&[2]).unwrap();
        let turned = Tensor::cat(&[&images, &across, &down(&images), &down(&across)], 0).unwrap();
        let groups = Tensor::new((0..16_i64).map(|image| image / 4).collect::<Vec<_>>(), &Device::Cpu).unwrap();
        let labels = if by_group { groups } else { labels.repeat(4).unwrap() };
        tensors.extend([(IMAGES.to_owned(), turned), (LABELS.to_owned(), labels)]);
        tensors.remove(LOGITS);
        let path = folder.join("turned.safetensors");
        safetensors::serialize_to_file(tensors, metadata, &path).unwrap();
        path
    }

    /// The greatest difference of two logits, as a part of the greatest logit.
    fn logits_differ_by(&self, scored: &Scored) -> f64 {
        assert_eq!(scored.logits.len(), self.logits.len());
        assert!(scored.logits.iter().zip(&self.logits).all(|(ours, theirs)| ours.len() == theirs.len()));
        let pairs = || scored.logits.iter().flatten().zip(self.logits.iter().flatten());
        let greatest = pairs().map(|(_, theirs)| theirs.abs()).fold(0.0, f64::max);
        pairs().map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f64::max) / greatest
    }
}

/// Logits and the scores of some estimators for the network and the images of a file.
fn scored<'a>(path: &Path, ids: impl Iterator<Item = &'a str>, dtype: DType) -> Result<Scored, ScoreError> {
    let suite = Suite::builtin();
    let estimators: Vec<&dyn Estimator> = ids.map(|id| suite.find(id).unwrap()).collect();
    let given = GivenSize::default();
    let file = WeightsToScore { path, space: None, architecture: None, network: None, given };
    score_weights(&file, &estimators, dtype, &Backend::cpu())
}

#[test]
fn every_space_and_form_has_reference_vectors() {
    let references = Reference::all();
    for (space, form) in PAIRS {
        let of = |reference: &&Reference| {
            reference.description.architecture.space() == space && reference.description.form == form
        };
        let found: Vec<&Reference> = references.iter().filter(of).collect();
        assert!(found.len() >= 2, "{} of {space} and {}", found.len(), form.name());
        for reference in found {
            let name = reference.path.file_name().unwrap().to_str().unwrap();
            let form = if form == Form::Supernet { "supernet" } else { "stand-alone" };
            assert!(name.starts_with(&format!("{space}-{form}-")), "{name}");
            assert!(reference.scores.len() >= 8, "{name} has {} scores", reference.scores.len());
        }
    }
}

/// Logits and scores in double precision are those of PyTorch.
#[test]
fn networks_and_estimators_agree_with_pytorch() {
    for reference in Reference::all() {
        let name = reference.path.display();
        let expected = &reference.scores;
        let scored = reference.scored(expected.iter().map(|(id, _)| id.as_str()), DType::F64).unwrap();
        let apart = reference.logits_differ_by(&scored);
        assert!(apart <= 1e-10, "logits of {name}: {apart:e}");
        assert_eq!(scored.readings.len(), expected.len());
        for ((id, theirs), (_, ours)) in expected.iter().zip(&scored.readings) {
            let Score::Finite(ours) = ours.score else { panic!("{id} of {name}: {:?}", ours.score) };
            let most = if id == "grasp" { 1e-5 } else { 1e-6 };
            let apart = (ours - theirs).abs() / theirs.abs();
            assert!(apart <= most, "{id} of {name}: {ours}, in PyTorch {theirs}");
        }
    }
}

/// The newer estimators that draw no random numbers, and `vkdnw`, which draws the same there.
const NEWER: [&str; 13] = [
    "logsynflow",
    "snr_synflow",
    "epe_nas",
    "zico",
    "gradsign_sum",
    "gradsign_mean",
    "ntk_cond",
    "lnwot",
    "tcet",
    "vkdnw",
    "vkdnw_count",
    "meco",
    "dextr",
];

/// What was written twice from the definitions, here and in Python, gives the same scores in double precision. `epe_nas` takes each group of
/// four images for a class.
#[test]
fn newer_estimators_agree_with_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    let mut compared = BTreeMap::<&str, usize>::new();
    let mut apart = Vec::new();
    for reference in Reference::all() {
        let expected = reference.newer();
        for by_group in [false, true] {
            let asked = || NEWER.into_iter().filter(|id| expected.contains_key(*id) && (*id == "epe_nas") == by_group);
            let found = scored(&reference.turned(folder.path(), by_group), asked(), DType::F64).unwrap();
            for (id, (_, reading)) in asked().zip(&found.readings) {
                let (ours, theirs) = (reading.score.value(), expected[id]);
                *compared.entry(id).or_default() += 1;
                if (ours - theirs).abs() > 1e-8 * theirs.abs() {
                    apart.push(format!("{id} of {}: {ours}, in PyTorch {theirs}", reference.path.display()));
                }
            }
        }
    }
    assert!(apart.is_empty(), "{}", apart.join("\n"));
    assert!(NEWER.into_iter().all(|id| compared[id] >= 8), "{compared:?}");
}

/// In single precision, the logits are those of PyTorch in double precision but for rounding.
#[test]
fn networks_in_single_precision_agree_with_pytorch() {
    for reference in Reference::all() {
        let apart = reference.logits_differ_by(&reference.scored(std::iter::empty(), DType::F32).unwrap());
        assert!(apart <= 1e-5, "logits of {}: {apart:e}", reference.path.display());
    }
}
