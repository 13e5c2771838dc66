//! Makes a ground-truth table: every architecture of a recipe, trained stand-alone once for each seed.

use candle_core::{DType, Device};

use super::material::Split;
use super::progress::Progress;
use super::supernet::net_config;
use super::{ExperimentError, workers};
use crate::data::DataRoot;
use crate::net::train::{Job, Trainer, accuracy};
use crate::net::{Init, Network};
use crate::space::Architecture;
use crate::spec::{SeedValue, TruthRecipe};
use crate::truth::trained::TrainedRow;

/// Images a batch when a trained network is evaluated by running statistics; it changes no number.
const EVALUATION_BATCH: usize = 100;

/// Trains the table of a recipe, rows in the order of the draw.
///
/// # Errors
/// If images are missing or a network fails.
pub fn make_truth(
    recipe: &TruthRecipe,
    root: Option<&DataRoot>,
    device: &Device,
    progress: &dyn Progress,
) -> Result<Vec<TrainedRow>, ExperimentError> {
    let images = Split::load(&recipe.images, root)?;
    let representatives: Vec<Architecture> = recipe.space.representatives().collect();
    let drawn = recipe.draw.root().child("truth").stream().choose(representatives.len(), recipe.architectures);
    let jobs: Vec<(Architecture, SeedValue)> = drawn
        .iter()
        .flat_map(|&index| recipe.seeds.iter().map(move |&seed| (index, seed)))
        .map(|(index, seed)| (representatives[index], seed))
        .collect();
    progress.begin(&format!("truth {}", recipe.name), (jobs.len() * recipe.training.epochs) as u64);
    let accuracies = workers::map_on(device, &jobs, |(architecture, seed)| {
        train_one(recipe, *architecture, *seed, &images, device, || progress.advance(1))
    })?;
    progress.end();
    let rows = drawn.iter().zip(accuracies.chunks_exact(recipe.seeds.len()));
    Ok(rows
        .map(|(&index, accuracies)| TrainedRow {
            architecture: representatives[index],
            accuracies: accuracies.to_vec(),
        })
        .collect())
}

/// Validation accuracy (a fraction, by running statistics) of one architecture, trained stand-alone; `epoch` hears of every epoch.
pub(super) fn train_one(
    recipe: &TruthRecipe,
    architecture: Architecture,
    seed: SeedValue,
    images: &Split,
    device: &Device,
    epoch: impl Fn(),
) -> Result<f64, ExperimentError> {
    let config = net_config(recipe.network, DType::F32, device);
    let network = Network::stand_alone(architecture, &config, Init::Seeded(seed.root().child("init")))?;
    let job = Job {
        network: &network,
        pool: &[architecture],
        images: &images.train,
        training: &recipe.training,
        decay_unsampled: true,
        seed: seed.root().child("training"),
        device,
    };
    let mut trainer = Trainer::new(job)?;
    while !trainer.is_done() {
        trainer.epoch(|| {})?;
        epoch();
    }
    Ok(accuracy(&network, architecture, &images.validation, EVALUATION_BATCH, device)?)
}
