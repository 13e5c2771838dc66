//! How far an experiment is: what the store holds of it, and which workers are at it.

use std::time::Duration;

use super::ExperimentError;
use super::cost::Cost;
use super::cut::scores_of;
use super::inputs::Inputs;
use super::lab::Lab;
use super::plan::{Action, ScoreWork, Work};
use super::resolve::Resolved;
use super::run::label;
use super::scores::{group_label, groups};
use crate::spec::StageKey;
use crate::store::RecordId;
use crate::store::workers::Worker;

/// How far an experiment is.
#[derive(Clone, Debug)]
pub struct Status {
    /// Each training, and each group of score stages that read the same networks, in the order of the plan.
    pub stages: Vec<StageStatus>,
    /// The workers that run the spec, by their last signs.
    pub workers: Vec<Worker>,
    /// Whether the store holds its record.
    pub is_finished: bool,
    /// How long the workers that are alive need for the scores that are missing, by what scores took until now; `None` if that is unknown.
    pub left: Option<Duration>,
}

/// How far a part of an experiment is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StageStatus {
    /// `verify-truth`, `supernet` or `scores`.
    pub kind: &'static str,
    /// What it is for.
    pub label: String,
    /// How many of its trainings or architectures are done.
    pub done: usize,
    /// How many it has.
    pub of: usize,
}

impl Lab<'_> {
    /// How far an experiment is. It changes nothing.
    ///
    /// # Errors
    /// If the truth or the store cannot be read, or two workers disagree.
    pub fn status(&self, resolved: &Resolved) -> Result<Status, ExperimentError> {
        let inputs = Inputs::load(&resolved.spec, self.data_root(), &*self.progress)?;
        let (stages, _) = self.stages(resolved, &inputs)?;
        let mut found = Vec::new();
        for stage in stages.iter().filter(|stage| !matches!(stage.work, Work::Scores(_))) {
            found.push(StageStatus {
                kind: stage.work.kind(),
                label: label(&stage.work, resolved, &inputs.panels),
                done: usize::from(stage.action == Action::Reuse),
                of: 1,
            });
        }
        let scores: Vec<(StageKey, ScoreWork)> = stages.iter().filter_map(scores_of).collect();
        let (complete, _) = self.held_or_missing(resolved, &inputs, &scores)?;
        let (mut missing, mut known_cost, mut known_time) = (0, 0, 0.0);
        for group in &groups(resolved, &inputs, &scores)? {
            let architectures = &inputs.panels[group.panel].architectures;
            let all = group.stages().map(|(key, _)| key.clone());
            let open: Vec<StageKey> = all.filter(|key| !complete.contains_key(key)).collect();
            let costs = Cost::of_each(group, resolved, &inputs);
            let mut done = architectures.len();
            if !open.is_empty() {
                let (rows, seconds) = self.held_rows(&open, architectures)?;
                done = rows.len();
                if let Some(costs) = &costs {
                    let left = costs.iter().enumerate().filter(|(place, _)| !rows.contains_key(place));
                    missing += left.map(|(_, cost)| cost).sum::<u128>();
                    known_cost += seconds.keys().map(|place| costs[*place]).sum::<u128>();
                    known_time += seconds.values().sum::<f64>();
                }
            }
            let weights = group.weights.map_or(String::new(), |weights| format!(", {}", weights.checkpoint()));
            let label = group_label(group) + &weights;
            found.push(StageStatus { kind: "scores", label, done, of: architectures.len() });
        }
        let mut workers = self.store.workers()?;
        workers.retain(|worker| worker.spec == resolved.hash);
        let jobs: usize = workers.iter().filter(|worker| !worker.is_dead()).map(|worker| worker.jobs).sum();
        let seconds = known_time * (missing as f64 / known_cost as f64) / jobs as f64;
        let id = RecordId::new(&resolved.hash, self.backend.class());
        let is_finished = matches!(self.store.record(&id), Ok(Some(_)));
        let left = Duration::try_from_secs_f64(seconds).ok().filter(|_| known_cost > 0 && jobs > 0 && missing > 0);
        Ok(Status { stages: found, workers, is_finished, left })
    }
}
