//! Makes a ground-truth table: trains every architecture of a recipe stand-alone, once for each seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};

use super::image_split::ImageSplit;
use super::lab::Lab;
use super::stage_keys::Versions;
use super::{ExperimentError, memory, workers};
use crate::net::train::{Job, TrainError, Trainer, accuracy};
use crate::net::{Init, NetConfig, Network};
use crate::seed::Stream;
use crate::space::{Architecture, Form, Pool, Sampler};
use crate::spec::{SeedValue, Spacing, SpecError, StageKey, TruthRecipe};
use crate::store::StoreError;
use crate::truth::trained::TrainedRow;

/// Images per batch when a trained network is evaluated with running statistics. It changes no number.
const EVALUATION_BATCH: usize = 100;

impl Lab<'_> {
    /// Trains the architectures of a recipe and returns the rows of its table, in the order of the draw. The store keeps what was trained,
    /// so that a run that was stopped goes on; [`Lab::forget_truth`] removes it.
    ///
    /// # Errors
    /// If images are missing, a network fails, or the store cannot be used.
    pub fn make_truth(&self, recipe: &TruthRecipe) -> Result<Vec<TrainedRow>, ExperimentError> {
        let _in_use = self.store.in_use()?;
        let images = ImageSplit::load(&recipe.images, self.data_root())?;
        let drawn = draw(recipe)?;
        let path = self.trained_rows(recipe)?;
        let trained = self.usable(self.store.held_json::<TrainedSoFar>(&path)?).unwrap_or_default();
        let known = |architecture: &Architecture, seed: SeedValue| {
            trained.of(&architecture.to_string(), &seed.to_string()).is_some()
        };
        let all = drawn.iter().flat_map(|&architecture| recipe.seeds.iter().map(move |&seed| (architecture, seed)));
        let jobs: Vec<(Architecture, SeedValue)> =
            all.filter(|(architecture, seed)| !known(architecture, *seed)).collect();
        self.progress.begin(&format!("truth {}", recipe.name), (jobs.len() * recipe.training.epochs) as u64, "epochs");
        let kept = Mutex::new((trained, Instant::now()));
        workers::map_with(self.backends()?, self.jobs(), &jobs, |on, (architecture, seed)| {
            let _share = self.memory.take(memory::of_training(recipe, architecture));
            let accuracy = train_one(recipe, *architecture, *seed, &images, on.device(), || self.progress.advance(1))?;
            let (architecture, seed) = (architecture.to_string(), seed.to_string());
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let (trained, last_kept) = &mut *kept;
            trained.rows.entry(architecture).or_default().insert(seed, accuracy);
            let is_complete = trained.count() == drawn.len() * recipe.seeds.len();
            if is_complete || last_kept.elapsed() >= KEPT_EVERY {
                self.store.write_json(&path, trained)?;
                *last_kept = Instant::now();
            }
            Ok::<_, ExperimentError>(())
        })?;
        self.progress.end();
        let (trained, _) = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        let accuracy = |architecture: &str, seed: SeedValue| {
            trained.of(architecture, &seed.to_string()).ok_or(ExperimentError::Unprepared("an accuracy"))
        };
        let row = |architecture: Architecture| {
            let text = architecture.to_string();
            let accuracies = recipe.seeds.iter().map(|&seed| accuracy(&text, seed)).collect::<Result<_, _>>()?;
            Ok(TrainedRow { architecture, accuracies })
        };
        drawn.into_iter().map(row).collect()
    }

    /// Removes what the store keeps of a recipe, when its table is safe.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn forget_truth(&self, recipe: &TruthRecipe) -> Result<(), ExperimentError> {
        let path = self.trained_rows(recipe)?;
        let removed = nas_assay_base::files::remove(&path);
        removed.map_err(|source| StoreError::System { action: "remove", path, source })?;
        Ok(())
    }

    /// The file with the rows that were trained. Its key covers everything that they depend on.
    fn trained_rows(&self, recipe: &TruthRecipe) -> Result<PathBuf, ExperimentError> {
        let versions = Versions::of(recipe.space);
        let versions = (versions.space, versions.images(&recipe.images), versions.trainer);
        let key = StageKey::of("truth", &(recipe, versions, self.backend.class().as_str()))?;
        Ok(self.store.stage("truth", &key, ".partial.json"))
    }
}

/// How often what was trained is stored.
const KEPT_EVERY: Duration = Duration::from_secs(10);

/// What was trained of a recipe: accuracies by architecture and seed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrainedSoFar {
    rows: BTreeMap<String, BTreeMap<String, f64>>,
}

impl TrainedSoFar {
    fn of(&self, architecture: &str, seed: &str) -> Option<f64> {
        self.rows.get(architecture)?.get(seed).copied()
    }

    fn count(&self) -> usize {
        self.rows.values().map(BTreeMap::len).sum()
    }
}

/// An architecture and its number of parameters.
type Sized = (u64, Architecture);

/// The architectures of a recipe.
fn draw(recipe: &TruthRecipe) -> Result<Vec<Architecture>, ExperimentError> {
    let mut stream = recipe.draw.root().child("truth").stream();
    let candidates = candidates(recipe, recipe.candidates.max(recipe.architectures), &mut stream)?;
    if recipe.candidates == 0 {
        return Ok(candidates.into_iter().map(|(_, architecture)| architecture).collect());
    }
    Ok(spread(candidates, recipe.architectures, recipe.spacing))
}

/// Chooses `count` of the architectures, with sizes spread as evenly as possible between the smallest and the largest: with equal
/// differences or equal ratios.
fn spread(mut sized: Vec<Sized>, count: usize, spacing: Spacing) -> Vec<Architecture> {
    sized.sort_unstable();
    let (Some(&(least, _)), Some(&(greatest, _))) = (sized.first(), sized.last()) else { return Vec::new() };
    let steps = count.max(2) as u64 - 1;
    let mut chosen = Vec::with_capacity(count);
    for step in 0..count.min(sized.len()) as u64 {
        let wanted = match spacing {
            Spacing::Linear => least + (greatest - least) * step / steps,
            Spacing::Geometric => {
                let ratio = greatest as f64 / least.max(1) as f64;
                (least as f64 * libm::pow(ratio, step as f64 / steps as f64)).round() as u64
            }
        };
        let nearest = (0..sized.len()).min_by_key(|&place| sized[place].0.abs_diff(wanted)).unwrap_or(0);
        chosen.push(sized.remove(nearest).1);
    }
    chosen
}

/// After this many draws in a row without a new architecture, the recipe is refused.
const FRUITLESS: usize = 100_000;

/// `count` different architectures of a recipe, in the order of the draw. They are representatives if the space lists them, otherwise
/// raw encodings.
fn candidates(recipe: &TruthRecipe, count: usize, stream: &mut Stream) -> Result<Vec<Sized>, ExperimentError> {
    let skeleton = recipe.network.skeleton_for(recipe.space, Form::StandAlone, &recipe.images);
    let most = [recipe.most_flops, recipe.most_relus].map(|most| most.unwrap_or(u64::MAX));
    let sized = |architecture: Architecture| -> Result<Option<Sized>, ExperimentError> {
        let census = architecture.census(&skeleton)?;
        let fits = census.flops <= most[0] && census.relu_calls <= most[1];
        Ok(fits.then_some((census.params, architecture)))
    };
    let mut found = Vec::with_capacity(count);
    if let Some(representatives) = recipe.space.representatives() {
        for index in stream.permutation(representatives.len()) {
            found.extend(sized(representatives[index])?);
        }
        found.truncate(count);
    } else {
        let (mut known, mut fruitless) = (BTreeSet::new(), 0);
        while found.len() < count && fruitless < FRUITLESS {
            let drawn = sized(recipe.space.sample(stream))?.filter(|&(_, architecture)| known.insert(architecture));
            fruitless = if drawn.is_some() { 0 } else { fruitless + 1 };
            found.extend(drawn);
        }
    }
    if found.len() < count {
        let problem = format!("asks for {count} different architectures, and the draw found {}", found.len());
        let key = if recipe.candidates > 0 { "candidates" } else { "architectures" };
        return Err(SpecError::Invalid { key: key.to_owned(), problem }.into());
    }
    Ok(found)
}

/// Trains one architecture stand-alone and returns its validation accuracy: a fraction, with running statistics. `epoch` is called
/// after every epoch.
pub(super) fn train_one(
    recipe: &TruthRecipe,
    architecture: Architecture,
    seed: SeedValue,
    images: &ImageSplit,
    device: &Device,
    epoch: impl Fn(),
) -> Result<f64, ExperimentError> {
    let skeleton = recipe.network.skeleton_for(recipe.space, Form::StandAlone, &recipe.images);
    let config = NetConfig { skeleton, dtype: DType::F32, device: device.clone() };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(seed.root().child("init")))?;
    let sampler = Sampler::one_of(Pool::Listed(vec![architecture]));
    let job = Job {
        network: &network,
        images: &images.train,
        training: &recipe.training,
        decay_unsampled: true,
        seed: seed.root().child("training"),
        device,
    };
    let mut trainer = Trainer::new(job)?;
    while !trainer.is_done() {
        trainer.epoch(&sampler, |_| Ok::<_, TrainError>(()))?;
        epoch();
    }
    Ok(accuracy(&network, architecture, &images.validation, EVALUATION_BATCH, device)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carried::truth;

    #[test]
    fn the_carried_tables_are_of_the_architectures_that_their_recipes_draw() {
        for name in ["nb101-micro", "nb201-micro", "nb301-micro", "nds_resnet-micro", "nds_resnext_a-micro"] {
            let table = truth(name).unwrap();
            let held: Vec<Architecture> = table.rows.iter().map(|row| row.architecture).collect();
            assert_eq!(draw(&table.recipe).unwrap(), held, "{name}");
            assert_eq!(held.len(), table.recipe.architectures, "{name}");
        }
    }

    #[test]
    fn sizes_lie_evenly_between_the_least_and_the_greatest() {
        let mut stream = crate::seed::Seed::root(1).stream();
        let sized: Vec<Sized> = [0, 26, 50, 100, 24, 51, 74, 99]
            .map(|size| (size, crate::space::SpaceId::Nb301.sample(&mut stream)))
            .to_vec();
        let size_of = |architecture| sized.iter().find(|(_, held)| *held == architecture).unwrap().0;
        let chosen: Vec<u64> = spread(sized.clone(), 5, Spacing::Linear).into_iter().map(size_of).collect();
        assert_eq!(chosen, [0, 24, 50, 74, 100]);
        let chosen: Vec<u64> = spread(sized[2..].to_vec(), 3, Spacing::Geometric).into_iter().map(size_of).collect();
        assert_eq!(chosen, [24, 50, 100], "49 is in the middle between 24 and 100 by ratio");
        for spacing in [Spacing::Linear, Spacing::Geometric] {
            assert_eq!(spread(sized.clone(), 20, spacing).len(), sized.len());
            assert!(spread(Vec::new(), 3, spacing).is_empty());
        }
    }

    #[test]
    fn an_order_is_that_of_the_draw_or_of_the_sizes() {
        let mut recipe = truth("nb201-micro").unwrap().recipe;
        (recipe.architectures, recipe.candidates, recipe.most_flops, recipe.most_relus) = (6, 0, None, None);
        let representatives = recipe.space.representatives().unwrap();
        let mut stream = recipe.draw.root().child("truth").stream();
        let order = stream.permutation(representatives.len());
        let first = |count: usize| order[..count].iter().map(|&place| representatives[place]).collect::<Vec<_>>();
        assert_eq!(draw(&recipe).unwrap(), first(6));
        recipe.candidates = 20;
        let chosen = draw(&recipe).unwrap();
        let skeleton = recipe.network.skeleton_for(recipe.space, Form::StandAlone, &recipe.images);
        let sizes = |all: &[Architecture]| -> Vec<u64> {
            all.iter().map(|architecture| architecture.census(&skeleton).unwrap().params).collect()
        };
        let (all, found) = (sizes(&first(20)), sizes(&chosen));
        assert!(chosen.len() == 6 && found.is_sorted() && chosen.iter().all(|chosen| first(20).contains(chosen)));
        assert_eq!((found.first(), found.last()), (all.iter().min(), all.iter().max()));
        // Limits leave out what is above them and nothing else.
        let flops = |architecture: &Architecture| architecture.census(&skeleton).unwrap().flops;
        let mut limits: Vec<u64> = first(20).iter().map(flops).collect();
        limits.sort_unstable();
        (recipe.candidates, recipe.most_flops) = (0, Some(limits[10]));
        let fits =
            order.iter().map(|&place| representatives[place]).filter(|architecture| flops(architecture) <= limits[10]);
        assert_eq!(draw(&recipe).unwrap(), fits.take(6).collect::<Vec<_>>());
    }

    #[test]
    fn a_space_without_a_list_gives_different_architectures() {
        let mut recipe = truth("nds_resnet-micro").unwrap().recipe;
        (recipe.architectures, recipe.candidates, recipe.most_flops, recipe.most_relus) = (30, 0, None, None);
        let drawn = draw(&recipe).unwrap();
        assert_eq!((drawn.len(), drawn.iter().collect::<BTreeSet<_>>().len()), (30, 30));
        let mut stream = recipe.draw.root().child("truth").stream();
        let mut expected: Vec<Architecture> = Vec::new();
        while expected.len() < 30 {
            let next = recipe.space.sample(&mut stream);
            if !expected.contains(&next) {
                expected.push(next);
            }
        }
        assert_eq!(drawn, expected);
    }

    #[test]
    fn a_recipe_that_asks_for_more_than_there_is_is_refused() {
        let mut recipe = truth("nds_resnet-micro").unwrap().recipe;
        recipe.most_flops = Some(1);
        let error = draw(&recipe).unwrap_err().to_string();
        let asked =
            format!("`candidates` asks for {} different architectures, and the draw found 0", recipe.candidates);
        assert!(error.contains(&asked), "{error}");
    }
}
