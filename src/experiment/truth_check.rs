//! The check of a carried truth table: a few architectures are trained again, and their accuracies must be the same bit for bit.
//!
//! The tables were trained on the CPU, and only the CPU kernels give the same bits on other machines. So the check always runs on the
//! CPU, even if the rest of the experiment runs on another device.

use candle_core::Device;

use super::ExperimentError;
use super::image_split::ImageSplit;
use super::inputs::Inputs;
use super::lab::Lab;
use super::make_truth::train_one;
use super::workers;
use crate::store::record::Verified;

impl Lab<'_> {
    /// Trains `rows` of the carried table again with the recipe's first seed.
    pub(super) fn check_truth(&self, inputs: &Inputs, rows: &[usize]) -> Result<Vec<Verified>, ExperimentError> {
        let table = inputs.trained.as_ref().ok_or(ExperimentError::Unprepared("the carried truth"))?;
        let recipe = &table.recipe;
        let images = ImageSplit::load(&recipe.images, self.data_root())?;
        let seed = recipe.seeds[0];
        self.progress.begin("truth, trained again", (rows.len() * recipe.training.epochs) as u64, "epochs");
        let verified = workers::map(rows, |&row| {
            let row = &table.rows[row];
            let found = train_one(recipe, row.architecture, seed, &images, &Device::Cpu, || self.progress.advance(1))?;
            let (architecture, expected) = (row.architecture.to_string(), row.accuracies[0]);
            Ok::<_, ExperimentError>(Verified { architecture, seed: seed.to_string(), expected, found })
        })?;
        self.progress.end();
        for outcome in &verified {
            if outcome.expected.to_bits() != outcome.found.to_bits() {
                return Err(ExperimentError::TruthMismatch {
                    table: recipe.name.clone(),
                    architecture: outcome.architecture.clone(),
                    seed: outcome.seed.clone(),
                    expected: outcome.expected,
                    found: outcome.found,
                });
            }
        }
        Ok(verified)
    }
}
