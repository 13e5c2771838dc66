//! Scores one architecture with weights and a batch from a safetensors file.
//!
//! The file holds every tensor of the network under its own name, `input.images` (`[n, 3, h, w]`, normalised) and `input.labels` (`[n]`,
//! whole numbers below the number of classes). Tensors with names that begin with `output.` are ignored.
//!
//! What the network is, a [`NetworkDescription`] says: in the file's metadata, as in every [exchange file](crate::exchange), or given beside
//! the file. Of NAS-Bench-201 the stand-alone network can do without.
//!
//! A `state_dict` of PyTorch is such a file as it is. The statistics that it keeps of each batch-norm (`running_mean`, `running_var`,
//! `num_batches_tracked`) are counted and not used: estimators take the mean and the variance of the batch, or those of a network that has seen no images. The `module.` that data
//! parallel training puts before each name is taken away, and so is the `_orig_mod.` of a compiled network.
//!
//! Without a description, the tensors give the size of the network. If they do not, because no cell has weights, its metadata has to
//! (`cells`, `channels`: decimal numbers), or the caller. The number of parameters is checked before memory for a network is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use nas_assay_base::{nearest, text};

use crate::Backend;
use crate::estimator::{Estimator, EstimatorError, Probe, Reading};
use crate::exchange::{DescriptionError, IMAGES, LABELS, METADATA, NetworkDescription};
use crate::images::Batch;
use crate::net::{Init, LoadError, NetConfig, NetError, Network, Params, host_f64};
use crate::space::{Architecture, ArchitectureError, Skeleton, SkeletonError, SpaceId, nb201};
use safetensors::SafeTensors;

/// Something of several estimators, each with its id.
pub type ById<T> = Vec<(String, T)>;

/// The outputs and scores of an architecture.
#[derive(Debug)]
pub struct Scored {
    /// The architecture.
    pub architecture: Architecture,
    /// Logits, a list for each image.
    pub logits: Vec<Vec<f64>>,
    /// Ids and readings of the estimators that can score it, in the requested order.
    pub readings: ById<Reading>,
    /// Ids of the estimators that cannot, in the requested order, and why.
    pub failures: ById<EstimatorError>,
    /// How many tensors of the file are statistics of batch-norms, which nothing here depends on.
    pub unused_statistics: usize,
}

/// Ends of the names under which PyTorch keeps statistics of a batch-norm.
const STATISTICS: [&str; 3] = [".running_mean", ".running_var", ".num_batches_tracked"];

/// What PyTorch's wrappers of a network put before the name of each of its tensors.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// So many tensors of a file are named in an error.
const NAMED: usize = 5;

/// A network may have so many parameters more than its file shows: they are soon made, and then the tensor that is missing is named.
const FEW: u64 = 1_000_000;

/// Sizes of a network that a file of weights may not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenSize {
    /// Channels of the first stage.
    pub channels: Option<usize>,
    /// Cells of a stage.
    pub cells: Option<usize>,
}

/// Where a size was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeSource {
    /// The caller gave it.
    Given,
    /// The metadata of the file.
    Metadata,
}

impl std::fmt::Display for SizeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Given => "as given",
            Self::Metadata => "in the metadata",
        })
    }
}

/// Why a file of weights could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// Nothing says what the network is.
    #[error(
        "{}: nothing says what the network is; the file has no description in its metadata, and only of the stand-alone network of nb201 \
         the tensors show it",
        path.display()
    )]
    NoDescription {
        /// The file.
        path: PathBuf,
    },
    /// The description in the metadata is not valid.
    #[error("{}: {source}", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: DescriptionError,
    },
    /// Sizes were given, and the description says them.
    #[error("{}: --channels and --cells are for files without a description of the network, and this one has it", path.display())]
    Given {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another space or architecture than the one asked for.
    #[error("{}: the {what} is {found}, but {} was asked for", path.display(), text::excerpt(asked))]
    Other {
        /// The file.
        path: PathBuf,
        /// `space` or `architecture`.
        what: &'static str,
        /// That of the file.
        found: String,
        /// The one asked for.
        asked: String,
    },
    /// The text of the architecture is not one of the space.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The numbers in the file are far too few for the network.
    #[error("{}: its tensors hold {found} numbers, and the network has {expected} parameters", path.display())]
    Count {
        /// The file.
        path: PathBuf,
        /// How many the network has.
        expected: u64,
        /// How many the file has.
        found: u64,
    },
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
    /// Nothing says how large the network is.
    #[error("{}: neither the tensors nor the metadata say the number of {size} of the network", path.display())]
    SizeUnknown {
        /// The file.
        path: PathBuf,
        /// The size: `cells` or `channels`.
        size: &'static str,
    },
    /// Two sources of a size differ.
    #[error("{}: {size} is {value} {from}, but {tensors} by the tensors or the metadata", path.display())]
    SizeContradiction {
        /// The file.
        path: PathBuf,
        /// The size: `cells` or `channels`.
        size: &'static str,
        /// Where the wrong value was read.
        from: SizeSource,
        /// The wrong value.
        value: usize,
        /// The right one.
        tensors: usize,
    },
    /// No network has this size.
    #[error("{}: {source}", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// What is out of range.
        source: SkeletonError,
    },
    /// The metadata of the file are not what they should be.
    #[error("{}: metadata `{key}` {problem}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
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
    /// The network gave no logits for the batch.
    #[error("logits: {0}")]
    Logits(EstimatorError),
    /// A tensor could not be made.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// A file of weights to score.
#[derive(Clone, Copy, Debug)]
pub struct WeightsToScore<'a> {
    /// The file.
    pub path: &'a Path,
    /// The space, if it is known.
    pub space: Option<SpaceId>,
    /// The text of the architecture, if it is known.
    pub architecture: Option<&'a str>,
    /// What the network is; `None` for the description in the file's metadata, if there is one.
    pub network: Option<NetworkDescription>,
    /// Sizes of the network that the file may not show.
    pub given: GivenSize,
}

/// Scores the architecture of a file of weights with the batch in it, computed in `dtype`. An estimator that fails does not keep the others
/// from scoring.
///
/// # Errors
/// If the file cannot be read, a tensor is missing, unexpected, of a wrong shape or not finite, a label is not a class, the network is
/// not known or is not the one that was asked for, or it gives no logits.
pub fn score_weights(
    of: &WeightsToScore<'_>,
    estimators: &[&dyn Estimator],
    dtype: DType,
    backend: &Backend,
) -> Result<Scored, ScoreError> {
    let device = backend.device();
    let mut file = WeightsFile::read(of.path, device)?;
    let description = of.network.map_or_else(|| file.description(), |network| Ok(Some(network)))?;
    let images = file.images()?;
    let (architecture, skeleton, classes) = match description {
        Some(description) => file.described(of, &description, &images)?,
        None => file.inferred(of, &images)?,
    };
    let labels = file.labels(images.dim(0)?, classes)?;
    let batch = Batch { images: images.to_dtype(dtype)?.contiguous()?, labels };
    let unfit = |source| ScoreError::Load { path: of.path.to_owned(), source };
    file.check_count(architecture, &skeleton)?;
    let config = NetConfig { skeleton, dtype, device: device.clone() };
    let network = Network::stand_alone(architecture, &config, Init::Zero)?;
    file.check_shapes(network.params())?;
    network.params().load(&file.tensors).map_err(unfit)?;

    let needs = estimators.iter().flat_map(|estimator| estimator.meta().needs.to_vec());
    let batches = std::slice::from_ref(&batch);
    let probe = Probe::new(architecture, &network, backend.engine(), needs).with_batch(&batch).with_evaluation(batches);
    let logits = logits_of(&probe).map_err(ScoreError::Logits)?;
    let (readings, failures) = read_each(&probe, estimators);
    Ok(Scored { architecture, logits, readings, failures, unused_statistics: file.statistics })
}

/// The logits of the batch, by a pass of their own if that of the estimators fails.
fn logits_of(probe: &Probe<'_>) -> Result<Vec<Vec<f64>>, EstimatorError> {
    probe.logits().map(<[_]>::to_vec).or_else(|_| probe.for_needs([]).logits().map(<[_]>::to_vec))
}

/// The readings of the estimators that can score, and the errors of those that cannot, each with its id.
///
/// All share a probe. If its pass over the batch fails, it fails for whoever asks, so each of them tries again with a probe of its own.
fn read_each(probe: &Probe<'_>, estimators: &[&dyn Estimator]) -> (ById<Reading>, ById<EstimatorError>) {
    let (mut readings, mut failures) = (Vec::new(), Vec::new());
    for estimator in estimators {
        let meta = estimator.meta();
        let id = meta.id.to_owned();
        let alone = |_| estimator.score(&probe.for_needs(meta.needs.iter().copied()));
        match estimator.score(probe).or_else(alone) {
            Ok(reading) => readings.push((id, reading)),
            Err(error) => failures.push((id, error)),
        }
    }
    (readings, failures)
}

struct WeightsFile {
    path: PathBuf,
    tensors: BTreeMap<String, Tensor>,
    metadata: BTreeMap<String, String>,
    /// How many tensors with statistics of batch-norms were left out.
    statistics: usize,
}

/// The tensors of a network by their own names: without [`STATISTICS`], which are counted, and without [`WRAPPERS`] that all of them have.
fn unwrapped(tensors: BTreeMap<String, Tensor>) -> (BTreeMap<String, Tensor>, usize) {
    let (inputs, mut weights): (BTreeMap<_, _>, BTreeMap<_, _>) =
        tensors.into_iter().partition(|(name, _)| name.starts_with("input."));
    let all_have = |weights: &BTreeMap<String, Tensor>, wrapper: &&str| {
        !weights.is_empty() && weights.keys().all(|name| name.starts_with(wrapper))
    };
    while let Some(wrapper) = WRAPPERS.into_iter().find(|wrapper| all_have(&weights, wrapper)) {
        weights = weights.into_iter().map(|(name, tensor)| (name[wrapper.len()..].to_owned(), tensor)).collect();
    }
    let all = weights.len();
    weights.retain(|name, _| !STATISTICS.iter().any(|end| name.ends_with(end)));
    let statistics = all - weights.len();
    weights.extend(inputs);
    (weights, statistics)
}

/// Whether a network may have a tensor of this name, by the name alone.
fn is_known(name: &str) -> bool {
    ["stem.conv.weight", "classifier.weight", "classifier.bias"].contains(&name)
        || ["stem.bn.", "cell", "reduction", "head.bn.", "input."].iter().any(|start| name.starts_with(start))
}

impl WeightsFile {
    fn read(path: &Path, device: &Device) -> Result<Self, ScoreError> {
        let unreadable = |problem: String| ScoreError::Read { path: path.to_owned(), problem };
        let first_line =
            |error: &dyn std::error::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| unreadable(first_line(&error)))?;
        let tensors =
            candle_core::safetensors::load_buffer(&bytes, device).map_err(|error| unreadable(first_line(&error)))?;
        let (tensors, statistics) =
            unwrapped(tensors.into_iter().filter(|(name, _)| !name.starts_with("output.")).collect());
        let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        Ok(Self { path: path.to_owned(), tensors, metadata, statistics })
    }

    /// The description in the metadata.
    fn description(&self) -> Result<Option<NetworkDescription>, ScoreError> {
        let parse = |text: &String| {
            NetworkDescription::parse(text)
                .map_err(|source| ScoreError::Description { path: self.path.clone(), source })
        };
        self.metadata.get(METADATA).map(parse).transpose()
    }

    /// The architecture, the network around it and its classes, by a description.
    fn described(
        &self,
        asked: &WeightsToScore<'_>,
        description: &NetworkDescription,
        images: &Tensor,
    ) -> Result<(Architecture, Skeleton, usize), ScoreError> {
        let NetworkDescription { architecture, skeleton, .. } = *description;
        let other = |what, found: String, asked: &str| ScoreError::Other {
            path: self.path.clone(),
            what,
            found,
            asked: asked.to_owned(),
        };
        if let Some(space) = asked.space.filter(|space| *space != architecture.space()) {
            return Err(other("space", architecture.space().to_string(), space.name()));
        }
        if let Some(text) = asked.architecture
            && Architecture::parse(architecture.space(), text)? != architecture
        {
            return Err(other("architecture", architecture.to_string(), text));
        }
        if asked.given != GivenSize::default() {
            return Err(ScoreError::Given { path: self.path.clone() });
        }
        let side = images.dim(3)?;
        if side != skeleton.resolution() {
            let problem = format!("has images of {side} pixels, and the network is one for {}", skeleton.resolution());
            return Err(self.wrong(IMAGES, problem));
        }
        Ok((architecture, skeleton, skeleton.classes()))
    }

    /// The same of a stand-alone network of NAS-Bench-201, from the tensors.
    fn inferred(
        &self,
        asked: &WeightsToScore<'_>,
        images: &Tensor,
    ) -> Result<(Architecture, Skeleton, usize), ScoreError> {
        let unknown = || ScoreError::NoDescription { path: self.path.clone() };
        let text = asked.architecture.filter(|_| asked.space == Some(SpaceId::Nb201)).ok_or_else(unknown)?;
        let architecture = Architecture::parse(SpaceId::Nb201, text)?;
        let side = images.dim(3)?;
        if !side.is_multiple_of(4) {
            let problem = "and must be [n, 3, size, size], with a size that is a multiple of 4";
            return Err(self.wrong(IMAGES, format!("has shape {:?}, {problem}", images.dims())));
        }
        let skeleton = self.skeleton(side, asked.given)?;
        Ok((architecture, skeleton.into(), skeleton.classes))
    }

    /// Checks that the network is not far larger than the file, before it is made.
    fn check_count(&self, architecture: Architecture, skeleton: &Skeleton) -> Result<(), ScoreError> {
        let expected = architecture.census(skeleton).map_err(NetError::from)?.params;
        let found: u64 = self.tensors.values().map(|tensor| tensor.elem_count() as u64).sum();
        if expected > found.saturating_mul(2).saturating_add(FEW) {
            return Err(ScoreError::Count { path: self.path.clone(), expected, found });
        }
        Ok(())
    }

    fn images(&mut self) -> Result<Tensor, ScoreError> {
        let images = self.take(IMAGES)?;
        match *images.dims() {
            [count, 3, height, width] if count * height > 0 && height == width => Ok(images),
            _ => Err(self.wrong(IMAGES, format!("has shape {:?}, and must be [n, 3, size, size]", images.dims()))),
        }
    }

    /// The classes of the images.
    fn labels(&mut self, images: usize, classes: usize) -> Result<Tensor, ScoreError> {
        let name = LABELS;
        let labels = self.take(name)?;
        if labels.dims() != [images] {
            return Err(self.wrong(name, format!("has shape {:?}, and there are {images} images", labels.dims())));
        }
        let values = host_f64(&labels)?;
        let is_class = |value: f64| value.fract() == 0.0 && (0.0..classes as f64).contains(&value);
        match values.iter().enumerate().find(|(_, value)| !is_class(**value)) {
            None => Ok(labels.to_dtype(DType::U32)?),
            Some((index, value)) => Err(self.wrong(
                name,
                format!("holds {value} at element {index}, and labels must be whole numbers from 0 to {}", classes - 1),
            )),
        }
    }

    /// The macro network that the weights belong to. If no cell has weights, the tensors do not show the number of cells.
    fn skeleton(&self, resolution: usize, given: GivenSize) -> Result<nb201::Skeleton, ScoreError> {
        let stem = self.shape("stem.conv.weight", 4)?[0];
        let classes = self.shape("classifier.weight", 2)?[0];
        let channels = self.size("channels", Some(stem), given.channels)?;
        let cells = self.size("cells", self.cells()?, given.cells)?;
        let cell_affine = self.has_cell_affine();
        let skeleton = nb201::Skeleton { channels, cells, classes, resolution, cell_affine };
        skeleton.validate().map_err(|source| ScoreError::Size { path: self.path.clone(), source })?;
        Ok(skeleton)
    }

    /// A size of the network, from its tensors, from the metadata of the file, or as given. All that say it must say the same.
    fn size(&self, size: &'static str, by_tensors: Option<usize>, given: Option<usize>) -> Result<usize, ScoreError> {
        let metadata = self.metadata.get(size).map(|text| {
            text.parse::<usize>().map_err(|_| ScoreError::Metadata {
                path: self.path.clone(),
                key: size.to_owned(),
                problem: format!("is {text:?}, and must be a whole number"),
            })
        });
        let metadata = metadata.transpose()?;
        let known = by_tensors.or(metadata);
        for (from, value) in [(SizeSource::Metadata, metadata), (SizeSource::Given, given)] {
            if let (Some(value), Some(tensors)) = (value, known)
                && value != tensors
            {
                return Err(ScoreError::SizeContradiction { path: self.path.clone(), size, from, value, tensors });
            }
        }
        known.or(given).ok_or_else(|| ScoreError::SizeUnknown { path: self.path.clone(), size })
    }

    /// The cells of a stage by the names of the tensors; `None` if no cell has a tensor. Every cell of a network has the same tensors.
    fn cells(&self) -> Result<Option<usize>, ScoreError> {
        let cell =
            |name: &str| name.strip_prefix("cell")?.split('.').next()?.split("edge").next()?.parse::<usize>().ok();
        let cells: BTreeSet<usize> = self.tensors.keys().filter_map(|name| cell(name)).collect();
        let Some(&last) = cells.last() else { return Ok(None) };
        if let Some(gap) = (0..=last).find(|index| !cells.contains(index)) {
            let of_last = self.tensors.keys().find(|name| cell(name) == Some(last)).cloned().unwrap_or_default();
            return Err(self.wrong(&of_last, format!("is of cell {last}, but cell {gap} has no tensor")));
        }
        Ok(Some(cells.len().div_ceil(nb201::Skeleton::STAGES)))
    }

    fn has_cell_affine(&self) -> bool {
        self.tensors.keys().any(|name| name.starts_with("cell") && name.ends_with(".bn.weight"))
    }

    /// Checks that the file has the tensors of a network, in their shapes, and no others.
    fn check_shapes(&self, network: &Params) -> Result<(), ScoreError> {
        let unfit = |source| ScoreError::Load { path: self.path.clone(), source };
        let expected: BTreeMap<&str, Tensor> = network.named().collect();
        for (&name, tensor) in &expected {
            match self.tensors.get(name).map(Tensor::dims) {
                None => return Err(self.missing(name, |name| expected.contains_key(name))),
                Some(found) if found != tensor.dims() => {
                    let (expected, found) = (tensor.dims().to_vec(), found.to_vec());
                    return Err(unfit(LoadError::WrongShape { name: name.to_owned(), expected, found }));
                }
                Some(_) => {}
            }
        }
        match self.tensors.keys().find(|name| !expected.contains_key(name.as_str())) {
            Some(name) => Err(unfit(LoadError::Unexpected { name: name.clone() })),
            None => Ok(()),
        }
    }

    fn take(&mut self, name: &str) -> Result<Tensor, ScoreError> {
        let tensor = self.tensors.remove(name);
        tensor.ok_or_else(|| self.missing(name, is_known))
    }

    /// A tensor is missing: which ones are there, and which of those that are not `known` has the nearest name.
    fn missing(&self, name: &str, known: impl Fn(&str) -> bool) -> ScoreError {
        let names = || self.tensors.keys().map(String::as_str);
        let quoted = |name: &str| format!("`{}`", text::excerpt(name));
        let first: Vec<String> = names().take(NAMED).map(quoted).collect();
        let there = match self.tensors.len() {
            0 => "the file has no other".to_owned(),
            count if count > NAMED => format!("the file has {} and {} more", first.join(", "), count - NAMED),
            _ => format!("the file has {}", first.join(", ")),
        };
        let near = nearest(name, names().filter(|name| !known(name)));
        let near = near.map(|near| format!("; the nearest name is {}", quoted(near))).unwrap_or_default();
        self.wrong(name, format!("is missing; {there}{near}"))
    }

    fn shape(&self, name: &str, rank: usize) -> Result<&[usize], ScoreError> {
        match self.tensors.get(name).map(Tensor::dims) {
            Some(dims) if dims.len() == rank && !dims.contains(&0) => Ok(dims),
            Some(dims) => {
                Err(self.wrong(name, format!("has shape {dims:?}, and must have {rank} dimensions that are not 0")))
            }
            None => Err(self.missing(name, is_known)),
        }
    }

    fn wrong(&self, name: &str, problem: String) -> ScoreError {
        ScoreError::Tensor { path: self.path.clone(), name: name.to_owned(), problem }
    }
}

#[cfg(test)]
#[path = "weights_file_tests.rs"]
mod tests;
