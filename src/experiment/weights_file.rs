//! Scores one architecture with weights and a batch from a safetensors file.
//!
//! The file holds every tensor of the stand-alone network under its own name, `input.images` (`[n, 3, h, w]`, normalised) and
//! `input.labels` (`[n]`). Tensors with names that begin with `output.` are ignored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

use crate::Backend;
use crate::estimator::{Estimator, EstimatorError, Probe, Reading};
use crate::images::Batch;
use crate::net::{Init, LoadError, NetConfig, NetError, Network};
use crate::space::{Architecture, SpaceId, nb201};

/// The outputs and scores of an architecture.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Logits, a list for each image.
    pub logits: Vec<Vec<f64>>,
    /// Estimator ids and their readings, in the requested order.
    pub readings: Vec<(String, Reading)>,
}

/// Why a file of weights could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The size of the space's networks cannot be read from a file of weights.
    #[error("scoring by a file of weights is for nb201; the size of a network of {0} cannot be read from its tensors")]
    Space(SpaceId),
    /// The file is missing or is not a safetensors file.
    #[error("failed to read weights from {}: {problem}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A tensor that determines the size of the network is missing or has an impossible shape.
    #[error("{}: tensor `{name}` {problem}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The weights do not fit the architecture.
    #[error("{}: {source}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: LoadError,
    },
    /// The network could not run.
    #[error(transparent)]
    Net(#[from] NetError),
    /// An estimator failed.
    #[error("{estimator}: {source}")]
    Estimator {
        /// The estimator.
        estimator: String,
        /// The cause.
        source: EstimatorError,
    },
    /// A tensor could not be made.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// Scores `architecture` with the weights and the batch in the file at `path`, computed in `dtype`.
///
/// # Errors
/// If the file cannot be read, a tensor is missing, unexpected, of a wrong shape or not finite, or an estimator fails.
pub fn score_weights(
    path: &Path,
    architecture: Architecture,
    estimators: &[&dyn Estimator],
    dtype: DType,
    backend: &Backend,
) -> Result<Scored, ScoreError> {
    if architecture.space() != SpaceId::Nb201 {
        return Err(ScoreError::Space(architecture.space()));
    }
    let device = backend.device();
    let mut file = WeightsFile::read(path, device)?;
    let batch = file.batch(dtype)?;
    let skeleton = file.skeleton(batch.images.dim(3)?)?.into();
    let config = NetConfig { skeleton, dtype, device: device.clone() };
    let network = Network::stand_alone(architecture, &config, Init::Zero)?;
    network.params().load(&file.tensors).map_err(|source| ScoreError::Load { path: path.to_owned(), source })?;

    let needs = estimators.iter().flat_map(|estimator| estimator.meta().needs.to_vec());
    let batches = std::slice::from_ref(&batch);
    let probe = Probe::new(architecture, &network, backend.engine(), needs).with_batch(&batch).with_evaluation(batches);
    let readings = estimators.iter().map(|estimator| {
        let id = estimator.meta().id;
        let reading = estimator.score(&probe);
        reading
            .map(|reading| (id.to_owned(), reading))
            .map_err(|source| ScoreError::Estimator { estimator: id.to_owned(), source })
    });
    let readings = readings.collect::<Result<Vec<_>, ScoreError>>()?;
    let logits = probe.logits().map_err(|source| ScoreError::Estimator { estimator: "logits".to_owned(), source })?;
    Ok(Scored { logits: logits.to_vec(), readings })
}

struct WeightsFile {
    path: PathBuf,
    tensors: BTreeMap<String, Tensor>,
}

impl WeightsFile {
    fn read(path: &Path, device: &Device) -> Result<Self, ScoreError> {
        let unreadable = |problem: String| ScoreError::Read { path: path.to_owned(), problem };
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, device)
            .map_err(|error| unreadable(error.to_string().lines().next().unwrap_or_default().to_owned()))?;
        let tensors = tensors.into_iter().filter(|(name, _)| !name.starts_with("output.")).collect();
        Ok(Self { path: path.to_owned(), tensors })
    }

    fn batch(&mut self, dtype: DType) -> Result<Batch, ScoreError> {
        let images = self.take("input.images")?;
        let labels = self.take("input.labels")?;
        if images.rank() != 4 || images.dim(1)? != 3 || images.dim(2)? != images.dim(3)? {
            return Err(
                self.wrong("input.images", format!("has shape {:?}, and must be [n, 3, size, size]", images.dims()))
            );
        }
        if labels.dims() != [images.dim(0)?] {
            let problem = format!("has shape {:?}, and there are {} images", labels.dims(), images.dim(0)?);
            return Err(self.wrong("input.labels", problem));
        }
        Ok(Batch { images: images.to_dtype(dtype)?.contiguous()?, labels: labels.to_dtype(DType::U32)? })
    }

    /// The macro network that the weights belong to. If no cell has a convolution, the file does not show the number of cells; such cells
    /// have no weights, and one cell per stage is assumed.
    fn skeleton(&self, resolution: usize) -> Result<nb201::Skeleton, ScoreError> {
        let channels = self.shape("stem.conv.weight", 4)?[0];
        let classes = self.shape("classifier.weight", 2)?[0];
        let cell =
            |name: &str| name.strip_prefix("cell")?.split('.').next()?.split("edge").next()?.parse::<usize>().ok();
        let last = self.tensors.keys().filter_map(|name| cell(name)).max();
        let cells = last.map_or(1, |last| (last + 1).div_ceil(3));
        Ok(nb201::Skeleton { channels, cells, classes, resolution, cell_affine: self.has_cell_affine() })
    }

    fn has_cell_affine(&self) -> bool {
        self.tensors.keys().any(|name| name.starts_with("cell") && name.ends_with(".bn.weight"))
    }

    fn take(&mut self, name: &str) -> Result<Tensor, ScoreError> {
        let tensor = self.tensors.remove(name);
        tensor.ok_or_else(|| self.wrong(name, "is missing".to_owned()))
    }

    fn shape(&self, name: &str, rank: usize) -> Result<&[usize], ScoreError> {
        match self.tensors.get(name).map(Tensor::dims) {
            Some(dims) if dims.len() == rank => Ok(dims),
            Some(dims) => Err(self.wrong(name, format!("has shape {dims:?}, and must have {rank} dimensions"))),
            None => Err(self.wrong(name, "is missing".to_owned())),
        }
    }

    fn wrong(&self, name: &str, problem: String) -> ScoreError {
        ScoreError::Tensor { path: self.path.clone(), name: name.to_owned(), problem }
    }
}
