//! Writes what zero-shot estimators see, for other programs: networks with their weights, batches, and logits.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ExperimentError;
use super::image_split::ImageSplit;
use super::inputs::Inputs;
use super::lab::Lab;
use super::plan::{Holding, Weights, Work};
use super::resolve::{Arm, Resolved};
use crate::estimator::EstimatorKind;
use crate::exchange::{self, ExchangeError};
use crate::net::{ForwardPass, NetError};
use crate::space::{Architecture, Form, SpaceId};
use crate::spec::{Input, WeightSource};
use nas_assay_base::files::write_output;
use nas_assay_base::nearest;

/// The name of the list of files.
pub const INDEX: &str = "index.json";

/// What to write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Export<'a> {
    /// The panel; `None` for the only one.
    pub panel: Option<&'a str>,
    /// The variant of the spec; `None` for its own settings.
    pub variant: Option<&'a str>,
    /// The architectures; empty for those of the panel.
    pub architectures: &'a [Architecture],
    /// So many of them, from the first; 0 for all.
    pub first: usize,
}

/// What was written, as `index.json` says it.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    /// The form of this list.
    pub format: &'static str,
    /// The hash of the spec.
    pub spec: String,
    /// The space.
    pub space: SpaceId,
    /// The form of the networks.
    pub form: Form,
    /// The dropout rate before the classifier with which the spec's own scores are computed. The logits are without dropout.
    #[serde(skip_serializing_if = "is_zero")]
    pub dropout: f64,
    /// The files, in the order of the architectures, of the seeds and of the batches.
    pub networks: Vec<ExportedNetwork>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// A file with one network and one batch.
#[derive(Clone, Debug, Serialize)]
pub struct ExportedNetwork {
    /// The file's name.
    pub file: String,
    /// The architecture.
    pub architecture: String,
    /// The seed of the weights.
    pub seed: String,
    /// The number of the batch.
    pub batch: usize,
}

/// Why nothing, or not everything, was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The spec cannot be prepared.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The spec has no such panel or variant, or several panels and none was named.
    #[error("{0}")]
    Choice(String),
    /// The folder is not empty, and what is in it is no export.
    #[error("{} is not empty; name another folder", .0.display())]
    Occupied(PathBuf),
    /// The folder cannot be made or read.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The networks have the weights of a supernet that is not trained yet.
    #[error("the networks have the weights of a supernet that the store does not hold: run the spec first")]
    Untrained,
    /// A file could not be made or written.
    #[error(transparent)]
    File(#[from] ExchangeError),
    /// An architecture is of another space.
    #[error("{architecture} is no architecture of {space}")]
    Space {
        /// The architecture.
        architecture: String,
        /// The space of the spec.
        space: SpaceId,
    },
}

impl From<NetError> for ExportError {
    fn from(error: NetError) -> Self {
        Self::File(error.into())
    }
}

impl Lab<'_> {
    /// Writes the networks, batches and logits of a panel's architectures into `folder`: for each architecture, each seed and each batch
    /// an [exchange file](exchange) and, beside it, its description as JSON; at last the list of all files, `index.json`.
    ///
    /// # Errors
    /// If the spec has no such panel, data are missing, a supernet that is needed is not in the store, or a file cannot be written.
    pub fn export(&self, resolved: &Resolved, export: Export<'_>, folder: &Path) -> Result<Exported, ExportError> {
        let spec = &resolved.spec;
        let panels: Vec<&str> = spec.panels.keys().map(String::as_str).collect();
        let panel = match export.panel {
            Some(name) => chosen("panel", name, &panels)?,
            None if panels.len() == 1 || !export.architectures.is_empty() => 0,
            None => return Err(ExportError::Choice(format!("the spec has several panels: {}", panels.join(", ")))),
        };
        let variants: Vec<&str> = spec.variants.keys().map(String::as_str).collect();
        let arm = export.variant.map(|name| chosen("variant", name, &variants)).transpose()?.map_or(0, |at| at + 1);
        let inputs = Inputs::load(spec, self.data_root(), &*self.progress)?;
        let weights = self.weights_of(resolved, &inputs, panel, arm)?;
        let Arm { spec, .. } = &resolved.arms[arm];
        if let (Some(name), None) = (export.variant, spec.panels.get(panels[panel])) {
            return Err(ExportError::Choice(format!("the variant {name} does not rank the panel {}", panels[panel])));
        }
        let architectures = match export.architectures {
            [] => &inputs.panels[panel].architectures[..],
            some => some,
        };
        if let Some(other) = architectures.iter().find(|architecture| architecture.space() != spec.space) {
            return Err(ExportError::Space { architecture: other.to_string(), space: spec.space });
        }
        let count = if export.first == 0 { architectures.len() } else { export.first.min(architectures.len()) };
        let images = (spec.zero_shot.input == Input::Images)
            .then(|| ImageSplit::load(&spec.images, self.data_root()))
            .transpose()?;
        let networks =
            self.zero_shot_networks(&self.backend, spec, images.as_ref(), panels[panel], weights.as_ref())?;
        make_folder(folder)?;
        let _in_use = self.store.in_use().map_err(ExperimentError::from)?;
        let mut exported = Exported {
            format: "nas-assay export 1",
            spec: resolved.hash.to_string(),
            space: spec.space,
            form: spec.zero_shot.form,
            dropout: spec.zero_shot.dropout,
            networks: Vec::new(),
        };
        // A list without files marks the folder, so that an export that is interrupted can be repeated.
        write_index(folder, &exported)?;
        self.progress.begin("export", count as u64, "networks");
        for (number, &architecture) in architectures[..count].iter().enumerate() {
            networks.each(architecture, |seen| {
                let name = format!("{number:06}-seed{}-batch{}", seen.seed, seen.place);
                let mut pass = ForwardPass::new(self.backend.engine()).untracked();
                let logits = seen.network.forward(architecture, &seen.batch.images, &mut pass)?;
                let path = folder.join(format!("{name}.safetensors"));
                let (form, network) = (spec.zero_shot.form, seen.network);
                let (file, bytes) = exchange::serialize(&path, architecture, form, network, seen.batch, Some(&logits))?;
                write_output(&path, &bytes).map_err(ExchangeError::from)?;
                let text = format!("{:#}\n", file.json(None));
                write_output(&folder.join(format!("{name}.json")), text.as_bytes()).map_err(ExchangeError::from)?;
                exported.networks.push(ExportedNetwork {
                    file: format!("{name}.safetensors"),
                    architecture: architecture.to_string(),
                    seed: seen.seed.to_string(),
                    batch: seen.place,
                });
                Ok::<(), ExportError>(())
            })?;
            self.progress.advance(1);
        }
        self.progress.end();
        write_index(folder, &exported)?;
        Ok(exported)
    }

    /// The weights that zero-shot estimators of a panel read, if they are those of a trained supernet: of the first one, if there are
    /// several.
    fn weights_of(
        &self,
        resolved: &Resolved,
        inputs: &Inputs,
        panel: usize,
        arm: usize,
    ) -> Result<Option<Weights>, ExportError> {
        if resolved.arms[arm].spec.zero_shot.weights == WeightSource::Random {
            return Ok(None);
        }
        let reads = |id: &str| resolved.facts(id).is_ok_and(|facts| facts.kind == EstimatorKind::ZeroShot);
        let (stages, _) = self.stages(resolved, inputs)?;
        for stage in stages {
            if let Work::Scores(scores) = stage.work
                && (scores.panel, scores.arm) == (panel, arm)
                && reads(&scores.estimator)
                && let Some(weights) = scores.weights
                && let Some(settings) = &resolved.arms[arm].spec.supernet
            {
                let held = self.held_supernet(settings, &weights.supernet).map_err(ExperimentError::from)?;
                let whole = held.holding() == Holding::Whole;
                return if whole { Ok(Some(weights)) } else { Err(ExportError::Untrained) };
            }
        }
        Err(ExportError::Untrained)
    }
}

/// The place of a name.
fn chosen(what: &str, name: &str, known: &[&str]) -> Result<usize, ExportError> {
    known.iter().position(|known| *known == name).ok_or_else(|| {
        let near = nearest(name, known.iter().copied()).map(|near| format!("; the nearest is `{near}`"));
        let name = nas_assay_base::text::excerpt(name);
        ExportError::Choice(format!("the spec has no {what} {name}{}", near.unwrap_or_default()))
    })
}

fn write_index(folder: &Path, exported: &Exported) -> Result<(), ExportError> {
    let text = serde_json::to_string_pretty(exported).unwrap_or_default() + "\n";
    Ok(write_output(&folder.join(INDEX), text.as_bytes()).map_err(ExchangeError::from)?)
}

/// Makes a folder for the files. One that has files already has to be an older export, whose files are removed.
fn make_folder(folder: &Path) -> Result<(), ExportError> {
    let failed = |source| ExportError::Folder { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let held = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if !held.is_empty() && !folder.join(INDEX).exists() {
        return Err(ExportError::Occupied(folder.to_owned()));
    }
    for entry in held.iter().filter(|entry| is_of_an_export(&entry.file_name().to_string_lossy())) {
        nas_assay_base::files::remove(&entry.path()).map_err(failed)?;
    }
    Ok(())
}

/// Whether a file of this name is one of an export, such as `000012-seed20-batch0.safetensors`.
fn is_of_an_export(name: &str) -> bool {
    let stem = name.strip_suffix(".safetensors").or_else(|| name.strip_suffix(".json"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    stem.and_then(|stem| {
        let (number, rest) = stem.split_once("-seed")?;
        let (seed, batch) = rest.split_once("-batch")?;
        Some(digits(number) && digits(seed) && digits(batch))
    })
    .unwrap_or(false)
}
