//! The reference vectors of `fixtures/pytorch` for what an estimator computes once its random numbers are given.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use nas_assay_spaces::Architecture;

use crate::exchange::{IMAGES, LABELS, METADATA, NetworkDescription};
use crate::net::{Init, NetConfig, Network};

/// A network with 16 images, and the scores that PyTorch has for them.
pub(super) struct Reference {
    pub name: String,
    pub architecture: Architecture,
    /// In double precision, with new running statistics.
    pub network: Network,
    /// Four images; each from right to left, upside down, and both.
    pub images: Tensor,
    /// The labels of the four images, four times.
    pub labels: Tensor,
    scores: BTreeMap<String, f64>,
}

impl Reference {
    /// Two networks of every space and form.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pytorch"));
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "safetensors"));
        paths.sort();
        assert!(paths.len() >= 20);
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let description = NetworkDescription::parse(&header.metadata().as_ref().unwrap()[METADATA]).unwrap();
        let mut held: BTreeMap<String, Tensor> =
            candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap().into_iter().collect();
        let own = held.remove(IMAGES).unwrap();
        let own_labels = held[LABELS].to_dtype(DType::U32).unwrap();
        held.retain(|name, _| !name.starts_with("input.") && !name.starts_with("output."));
        let config = NetConfig { skeleton: description.skeleton, dtype: DType::F64, device: Device::Cpu };
        let network = Network::stand_alone(description.architecture, &config, Init::Zero).unwrap();
        network.params().load(&held).unwrap();
        let across = own.flip(&[3]).unwrap();
        let images = Tensor::cat(&[&own, &across, &own.flip(&[2]).unwrap(), &across.flip(&[2]).unwrap()], 0).unwrap();
        let labels = Tensor::cat(&[&own_labels; 4], 0).unwrap();
        let beside = std::fs::read(path.with_extension("newer.json")).unwrap();
        let beside: serde_json::Value = serde_json::from_slice(&beside).unwrap();
        let scores = beside["scores"].as_object().unwrap().iter();
        Self {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            architecture: description.architecture,
            network,
            images,
            labels,
            scores: scores.map(|(id, score)| (id.clone(), score.as_f64().unwrap())).collect(),
        }
    }

    /// The score of an estimator; `None` if it is rounding or cannot be.
    pub fn score(&self, id: &str) -> Option<f64> {
        self.scores.get(id).copied()
    }

    /// Fails unless a score is that of PyTorch. Returns whether there is one.
    pub fn agrees(&self, id: &str, ours: f64) -> bool {
        let Some(theirs) = self.score(id) else { return false };
        assert!((ours - theirs).abs() <= 1e-8 * theirs.abs(), "{id} of {}: {ours}, in PyTorch {theirs}", self.name);
        true
    }
}
