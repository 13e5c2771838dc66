//! Settings of zero-shot scores.

use serde::{Deserialize, Serialize};

use super::network::Network;
use super::seed_value::SeedValue;
use nas_assay_spaces::Form;

/// The input of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// Training images, in the order of the file.
    Images,
    /// Standard normal noise.
    Gaussian,
    /// Uniform noise in `[0, 1)`.
    Uniform,
}

/// Floating-point width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
}

/// The source of the network's weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightSource {
    /// Random initialisation, one for each seed.
    #[default]
    Random,
    /// The trained supernets of the spec. There is one score for each supernet.
    Supernet,
}

/// A published protocol. It sets other keys of the section. A key that you write yourself overrides its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Ning et al. 2021: the sub-network in the supernet, the supernet's dropout, five batches of 128 images, and three
    /// initialisations.
    Paper,
    /// Abdelfattah et al. 2021: the stand-alone network with affine batch-norm, one batch of 64 images.
    ZeroCostNas,
    /// Mellor et al. 2021: the stand-alone network with affine batch-norm, one batch of 128 images.
    Naswot,
}

/// How zero-shot scores are computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", rename_all = "kebab-case")]
pub struct ZeroShot {
    /// Which network is scored and counted: the stand-alone network, or the sub-network in the supernet.
    pub form: Form,
    /// The size of that network, also for counting parameters and FLOPs.
    pub network: Network,
    /// Number of images per batch: [`BATCH`](super::limits::BATCH).
    pub batch: usize,
    /// Number of batches: [`BATCHES`](super::limits::BATCHES). A score is the mean over them.
    pub batches: usize,
    /// The seeds of the initialisation, all different. A score is the mean over them.
    pub seeds: Vec<SeedValue>,
    /// The input of the network.
    pub input: Input,
    /// The floating-point width of the network. A supernet is trained in 32 bits. Its weights are converted exactly.
    pub precision: Precision,
    /// The dropout rate before the classifier, as in the training of a supernet: [`DROPOUT`](super::limits::DROPOUT).
    #[serde(skip_serializing_if = "is_default")]
    pub dropout: f64,
    /// The source of the weights.
    #[serde(skip_serializing_if = "is_default")]
    pub weights: WeightSource,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for ZeroShot {
    fn default() -> Self {
        Self {
            form: Form::StandAlone,
            network: Network::default(),
            batch: 64,
            batches: 1,
            seeds: vec![SeedValue(20)],
            input: Input::Images,
            precision: Precision::F32,
            dropout: 0.0,
            weights: WeightSource::Random,
        }
    }
}

impl ZeroShot {
    /// The settings of a published protocol.
    pub fn preset(preset: Preset) -> Self {
        let affine = Network { cell_affine: Some(true), ..Network::default() };
        match preset {
            Preset::Paper => Self {
                form: Form::Supernet,
                batch: 128,
                batches: 5,
                seeds: [20, 2020, 202_020].map(SeedValue).to_vec(),
                dropout: 0.1,
                ..Self::default()
            },
            Preset::ZeroCostNas => Self { network: affine, ..Self::default() },
            Preset::Naswot => Self { network: affine, batch: 128, ..Self::default() },
        }
    }
}

/// The settings as they are written in a spec. A key that is left out has the value of the preset, or the default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[derive(Default)]
struct Written {
    preset: Option<Preset>,
    form: Option<Form>,
    network: Option<Network>,
    batch: Option<usize>,
    batches: Option<usize>,
    seeds: Option<Vec<SeedValue>>,
    input: Option<Input>,
    precision: Option<Precision>,
    dropout: Option<f64>,
    weights: Option<WeightSource>,
}

impl From<Written> for ZeroShot {
    fn from(written: Written) -> Self {
        let base = written.preset.map_or_else(Self::default, Self::preset);
        Self {
            form: written.form.unwrap_or(base.form),
            network: written.network.unwrap_or(base.network),
            batch: written.batch.unwrap_or(base.batch),
            batches: written.batches.unwrap_or(base.batches),
            seeds: written.seeds.unwrap_or(base.seeds),
            input: written.input.unwrap_or(base.input),
            precision: written.precision.unwrap_or(base.precision),
            dropout: written.dropout.unwrap_or(base.dropout),
            weights: written.weights.unwrap_or(base.weights),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_beside_a_preset_holds() {
        let read = |text: &str| toml::from_str::<ZeroShot>(text);
        assert_eq!(read("").unwrap(), ZeroShot::default());
        let paper = ZeroShot::preset(Preset::Paper);
        assert_eq!(read("preset = \"paper\"").unwrap(), paper);
        assert_eq!((paper.batch, paper.batches, paper.seeds.len(), paper.dropout), (128, 5, 3, 0.1));
        let changed = read("preset = \"paper\"\nbatches = 1\ninput = \"gaussian\"").unwrap();
        assert_eq!(changed, ZeroShot { batches: 1, input: Input::Gaussian, ..paper });
        let affine = read("preset = \"zero-cost-nas\"").unwrap();
        assert_eq!((affine.network.cell_affine, affine.batch), (Some(true), 64));
        assert_eq!(read("preset = \"naswot\"").unwrap(), ZeroShot { batch: 128, ..affine });
        let error = read("preset = \"papre\"").unwrap_err().to_string();
        assert!(error.contains("expected one of `paper`, `zero-cost-nas`, `naswot`"), "{error}");
        assert!(read("bacth = 3").unwrap_err().to_string().contains("unknown field `bacth`"));
    }

    #[test]
    fn settings_read_back_from_what_a_record_keeps() {
        for settings in [ZeroShot::default(), ZeroShot::preset(Preset::Paper)] {
            let text = serde_json::to_string(&settings).unwrap();
            assert_eq!(serde_json::from_str::<ZeroShot>(&text).unwrap(), settings);
            assert_eq!(text.contains("dropout"), settings.dropout > 0.0);
            assert!(!text.contains("preset") && !text.contains("weights"));
        }
    }
}
