//! Runs one part of a plan, for many workers that share a store. No worker needs to know of another: the cut is a function of the plan, and
//! what a worker has done lies in the store. Whoever runs the spec without a part takes all of it together, does what is missing, and makes the
//! record.

use super::ExperimentError;
use super::cut::{Cut, scores_of};
use super::image_split::ImageSplit;
use super::inputs::Inputs;
use super::lab::Lab;
use super::plan::{Action, Holding, ScoreWork, Stage, Work};
use super::provenance::freeze;
use super::resolve::{Arm, Resolved};
use super::run::{VerifiedFile, label, reads_images};
use super::scores::groups;
use super::shard::{Part, Shard};
use super::stage_work::StageWork;
use crate::spec::StageKey;
use crate::store::RecordId;

/// What a worker has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardDone {
    /// How many trainings the part has.
    pub trainings: usize,
    /// How many architectures the part has, each counted once for each group of stages that read the same networks and were not complete.
    pub architectures: usize,
}

impl Lab<'_> {
    /// Cuts the plan of a spec into `count` parts.
    ///
    /// # Errors
    /// Those of [`Lab::plan`].
    pub fn cut(&self, resolved: &Resolved, count: usize) -> Result<Cut, ExperimentError> {
        let inputs = Inputs::load(&resolved.spec, self.data_root(), &*self.progress)?;
        let (stages, _) = self.stages(resolved, &inputs)?;
        Cut::new(&stages, resolved, &inputs, count)
    }

    /// Does one part of the plan, or of it only the trainings or the scores, and makes no record.
    ///
    /// # Errors
    /// Those of [`Lab::run`], and [`ExperimentError::Untrained`] if the part has scores of supernets that are not trained yet. Its other
    /// scores are done by then.
    pub fn run_shard(
        &self,
        resolved: &Resolved,
        shard: Shard,
        part: Option<Part>,
    ) -> Result<ShardDone, ExperimentError> {
        self.run_shard_by(self, resolved, shard, part)
    }

    pub(super) fn run_shard_by(
        &self,
        worker: &dyn StageWork,
        resolved: &Resolved,
        shard: Shard,
        part: Option<Part>,
    ) -> Result<ShardDone, ExperimentError> {
        let inputs = Inputs::load(&resolved.spec, self.data_root(), &*self.progress)?;
        let (stages, damage) = self.stages(resolved, &inputs)?;
        for error in &damage {
            self.note_damage(error);
        }
        let cut = Cut::new(&stages, resolved, &inputs, shard.count())?;
        let does = |kind: Part| part.is_none_or(|part| part == kind);
        let own = |stage: &&Stage| match &stage.work {
            Work::Scores(_) => does(Part::Scores),
            Work::VerifyTruth { .. } | Work::Supernet { .. } => does(Part::Training) && cut.trains(shard, &stage.key),
        };
        let own: Vec<&Stage> = stages.iter().filter(own).collect();
        let needs_images = own.iter().any(|stage| reads_images(stage, resolved));
        let images = if needs_images { Some(ImageSplit::load(&resolved.spec.images, self.data_root())?) } else { None };
        let _in_use = self.store.in_use()?;
        let _signs = self.signs(resolved, Some(shard));
        let id = RecordId::new(&resolved.hash, self.backend.class());
        self.store.begin(&id, &resolved.canonical)?;
        if own.iter().any(|stage| stage.action != Action::Reuse) {
            self.store.add_provenance(&id, &freeze(&self.backend, self.commit.as_deref()))?;
        }

        let mut done = ShardDone::default();
        for Stage { work, key, action } in own.iter().copied() {
            let held = *action == Action::Reuse;
            match work {
                Work::VerifyTruth { rows } => {
                    done.trainings += 1;
                    if !held {
                        let file = VerifiedFile { verified: worker.verify_truth(&inputs, rows)? };
                        self.store.write_json(&self.store.stage(work.kind(), key, ".json"), &file)?;
                    }
                }
                Work::Supernet { arm, seed } => {
                    done.trainings += 1;
                    if !held {
                        let Arm { spec, .. } = &resolved.arms[*arm];
                        let label = format!("supernet: {}", label(work, resolved, &inputs.panels));
                        worker.supernet(&label, spec, images.as_ref(), *seed, key)?;
                    }
                }
                Work::Scores(_) => {}
            }
        }
        if does(Part::Scores) {
            done.architectures =
                self.scores_of_shard(worker, resolved, &inputs, images.as_ref(), &stages, &cut, shard)?;
        }
        Ok(done)
    }

    /// Scores the architectures of a part, for the groups of stages that are not complete. Returns how many the part has.
    #[allow(clippy::too_many_arguments, reason = "they are what scores depend on")]
    fn scores_of_shard(
        &self,
        worker: &dyn StageWork,
        resolved: &Resolved,
        inputs: &Inputs,
        images: Option<&ImageSplit>,
        stages: &[Stage],
        cut: &Cut,
        shard: Shard,
    ) -> Result<usize, ExperimentError> {
        let scores: Vec<(StageKey, ScoreWork)> = stages.iter().filter_map(scores_of).collect();
        let (_, missing) = self.held_or_missing(resolved, inputs, &scores)?;
        let (mut count, mut untrained) = (0, Vec::new());
        for group in &groups(resolved, inputs, missing)? {
            let Some(places) = cut.places(shard, group).filter(|places| !places.is_empty()) else { continue };
            if let Some(weights) = group.weights
                && !self.has_weights(resolved, group.arm, &weights.supernet)?
            {
                let waits = format!("seed {}", weights.seed);
                if !untrained.contains(&waits) {
                    untrained.push(waits);
                }
                continue;
            }
            count += places.len();
            self.rows_of(worker, resolved, inputs, images, group, &places, Some(shard))?;
        }
        if untrained.is_empty() { Ok(count) } else { Err(ExperimentError::Untrained { supernets: untrained }) }
    }

    /// Whether the store holds a supernet with all its weights.
    fn has_weights(&self, resolved: &Resolved, arm: usize, key: &StageKey) -> Result<bool, ExperimentError> {
        let settings = resolved.arms[arm].spec.supernet.as_ref();
        let settings = settings.ok_or(ExperimentError::Unprepared("the settings of a supernet"))?;
        Ok(self.held_supernet(settings, key)?.holding() == Holding::Whole)
    }
}
