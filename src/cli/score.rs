//! `nas-assay score`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::estimator::{Estimator, EstimatorKind, Score as Value};
use crate::exchange::NetworkDescription;
use crate::experiment::{GivenSize, ScoreError, Scored, SizeSource, WeightsToScore, score_weights};
use crate::space::SpaceId;
use candle_core::DType;
use clap::{Args, ValueEnum};
use serde_json::{Map, json};

use super::context::Context;
use super::exit::{DATA, Failure, UNEXPECTED, USAGE};
use super::print::outln;

/// Score one architecture with given weights
///
/// The file holds the network's tensors by name, as in a `state_dict` of PyTorch, and the batch as `input.images` and `input.labels`.
/// Statistics of batch-norms are not used. A file of `nas-assay export` says in its metadata what the network is; for other files
/// --network says it. For the stand-alone network of nb201, --space and --arch are enough, as the tensors show the rest. If an estimator
/// cannot score the architecture, the others still do, and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay score --weights networks/0001.safetensors")]
pub struct Score {
    /// Weights and batch, a safetensors file
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// What the network is: a JSON file, as `nas-assay export` writes one beside each file of weights
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// The search space
    #[arg(long, value_name = "ID")]
    space: Option<SpaceId>,
    /// The architecture in the space's text form
    #[arg(long, value_name = "TEXT")]
    arch: Option<String>,
    /// Channels of the first stage; only needed if the file does not say it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    channels: Option<u16>,
    /// Cells of a stage; only needed if the file does not say it, as for cells without a convolution
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    cells: Option<u16>,
    /// Estimator ids, separated by commas; `all` means all that need no supernet
    #[arg(long, value_name = "IDS", default_value = "all", value_delimiter = ',')]
    estimators: Vec<String>,
    /// Floating-point type of the network
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Precision,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Floating-point widths.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Precision {
    /// 32 bits
    F32,
    /// 64 bits
    F64,
}

impl Score {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        if let Some(why) = self.space.and_then(SpaceId::without_network) {
            return Err(Failure::new(USAGE, why));
        }
        let estimators = self.chosen(context)?;
        let network = self.network.as_deref().map(described).transpose()?;
        let backend = context.backend()?;
        let dtype = match self.dtype {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        let weights = WeightsToScore {
            path: &self.weights,
            space: self.space,
            architecture: self.arch.as_deref(),
            network,
            given: GivenSize { channels: self.channels.map(usize::from), cells: self.cells.map(usize::from) },
        };
        let scored = score_weights(&weights, &estimators, dtype, &backend)?;
        if scored.unused_statistics > 0 {
            let count = scored.unused_statistics;
            context.note(&format!("not used: {count} statistics of batch-norms; the network takes those of the batch"));
        }
        if self.json {
            Self::print_json(&scored)?;
        } else {
            for (id, reading) in &scored.readings {
                outln!("{id:<18} {}", text(reading.score));
                for (name, value) in &reading.details {
                    outln!("{:<18} {name} {}", "", text(*value));
                }
            }
        }
        let failures: Vec<String> = scored.failures.iter().map(|(id, error)| format!("{id}: {error}")).collect();
        if failures.is_empty() { Ok(()) } else { Err(Failure::new(UNEXPECTED, failures.join("\n"))) }
    }

    fn chosen<'a>(&self, context: &'a Context) -> Result<Vec<&'a dyn Estimator>, Failure> {
        let suite = context.suite();
        if self.estimators == ["all"] {
            return Ok(suite
                .iter()
                .filter(|estimator| estimator.only_in().is_none() && estimator.meta().kind != EstimatorKind::OneShot)
                .collect());
        }
        let find = |id: &String| suite.find(id.trim()).map_err(|error| Failure::new(USAGE, error.to_string()));
        self.estimators.iter().map(find).collect()
    }

    fn print_json(scored: &Scored) -> Result<(), Failure> {
        let unexpected = |error: serde_json::Error| Failure::new(UNEXPECTED, error.to_string());
        let logits: Vec<Vec<Value>> =
            scored.logits.iter().map(|row| row.iter().map(|&logit| Value::from(logit)).collect()).collect();
        let (mut scores, mut details) = (Map::new(), Map::new());
        for (id, reading) in &scored.readings {
            scores.insert(id.clone(), serde_json::to_value(reading.score).map_err(unexpected)?);
            if !reading.details.is_empty() {
                let of: BTreeMap<_, _> = reading.details.iter().map(|(name, value)| (name.as_ref(), value)).collect();
                details.insert(id.clone(), serde_json::to_value(of).map_err(unexpected)?);
            }
        }
        let errors: BTreeMap<_, _> = scored.failures.iter().map(|(id, error)| (id, error.to_string())).collect();
        let architecture = scored.architecture.to_string();
        let object = json!({"format": {"name": "nas-assay score", "version": 1}, "architecture": architecture, "logits": logits, "scores": scores, "details": details, "errors": errors});
        outln!("{}", serde_json::to_string(&object).map_err(unexpected)?);
        Ok(())
    }
}

/// The description of a network in a JSON file.
fn described(path: &Path) -> Result<NetworkDescription, Failure> {
    let failed = |problem: String| Failure::new(DATA, format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    NetworkDescription::parse(&text).map_err(|error| failed(error.to_string()))
}

fn text(score: Value) -> String {
    match score {
        Value::Finite(value) => value.to_string(),
        Value::NonFinite(reason) => format!("not finite: {reason:?}"),
    }
}

impl From<ScoreError> for Failure {
    fn from(error: ScoreError) -> Self {
        let code = match &error {
            ScoreError::NoDescription { .. }
            | ScoreError::Other { .. }
            | ScoreError::Given { .. }
            | ScoreError::Architecture(_)
            | ScoreError::SizeUnknown { .. }
            | ScoreError::SizeContradiction { from: SizeSource::Given, .. } => USAGE,
            ScoreError::Read { .. }
            | ScoreError::Description { .. }
            | ScoreError::Count { .. }
            | ScoreError::Tensor { .. }
            | ScoreError::SizeContradiction { from: SizeSource::Metadata, .. }
            | ScoreError::Size { .. }
            | ScoreError::Metadata { .. }
            | ScoreError::Load { .. } => DATA,
            ScoreError::Net(_) | ScoreError::Logits(_) | ScoreError::Candle(_) => UNEXPECTED,
        };
        let message = error.to_string();
        match error {
            ScoreError::SizeUnknown { size, .. } => {
                Self::new(code, message).with_help(format!("give it with `--{size} N`"))
            }
            ScoreError::NoDescription { .. } => Self::new(code, message).with_help(
                "give it with `--network FILE`, a JSON file as `nas-assay export` writes it; for the stand-alone network of nb201, \
                 `--space nb201 --arch TEXT` is enough",
            ),
            _ => Self::new(code, message),
        }
    }
}
