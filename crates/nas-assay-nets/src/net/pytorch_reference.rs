//! The reference networks of the data root, for tests: weights, images and scores that PyTorch computed.

use super::{Init, NetConfig, Network};
use candle_core::{DType, Device, Tensor};
use nas_assay_spaces::{Architecture, SpaceId, nb201};
use nas_assay_testing::data_file;
use std::collections::BTreeMap;

/// One reference network.
pub(crate) struct Reference {
    pub architecture: Architecture,
    pub skeleton: nb201::Skeleton,
    pub weights: BTreeMap<String, Tensor>,
    pub images: Tensor,
    pub labels: Tensor,
    pub logits: Tensor,
    pub scores: serde_json::Value,
}

impl Reference {
    /// Reference number `k` of four.
    pub fn load(k: usize) -> Self {
        let json = data_file(&format!("reference/nb201_{k}.json"));
        let tensors = data_file(&format!("reference/nb201_{k}.safetensors"));
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        let mut weights: BTreeMap<_, _> =
            candle_core::safetensors::load(tensors, &Device::Cpu).unwrap().into_iter().collect();
        let mut take = |name: &str| weights.remove(name).unwrap();
        let (images, labels, logits) = (take("input.images"), take("input.labels"), take("output.logits"));
        let number = |name: &str| json[name].as_u64().unwrap() as usize;
        let (channels, cells) = (number("channels"), number("cells_per_stage"));
        Self {
            architecture: Architecture::parse(SpaceId::Nb201, json["architecture"].as_str().unwrap()).unwrap(),
            skeleton: nb201::Skeleton { channels, cells, ..nb201::Skeleton::default() },
            weights,
            images,
            labels: labels.to_dtype(DType::U32).unwrap(),
            logits,
            scores: json["scores"].clone(),
        }
    }

    /// The stand-alone network with the reference's weights.
    pub fn network(&self, dtype: DType) -> Network {
        let config = NetConfig { skeleton: self.skeleton.into(), dtype, device: Device::Cpu };
        let network = Network::stand_alone(self.architecture, &config, Init::Zero).unwrap();
        network.params().load(&self.weights).unwrap();
        network
    }

    /// The double-precision score of the estimator called `id`, where there is one.
    pub fn score(&self, id: &str) -> Option<f64> {
        let scores = &self.scores;
        match id {
            "relu_count" => scores["relu_modules"].as_f64(),
            _ => scores["f64"][id].as_f64().or_else(|| scores[format!("{id}_f64")].as_f64()),
        }
    }

    /// Whether single precision is known to lose digits: single- and double-precision gradient norms differ by over 0.1 %.
    pub fn is_ill_conditioned(&self) -> bool {
        let norm = |precision: &str| self.scores[precision]["grad_norm"].as_f64().unwrap();
        (norm("f32") - norm("f64")).abs() > 1e-3 * norm("f64")
    }
}
