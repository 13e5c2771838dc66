//! How much memory a job takes at its peak, before it runs. It is an estimate.
//!
//! A pass forward and backward keeps the feature maps of a network: the outputs of its convolutions and batch-norms, the inputs of its
//! ReLUs, and in cells the sums and pools at their nodes. Their numbers follow from the counts of the network and from its skeleton. The
//! factors were fitted to peaks of processes that scored one architecture with one estimator (`fixtures/costs/memory.csv`, against which a
//! test holds them). The estimate is meant to be too large rather than too small.

use super::cost::supernet_skeleton;
use super::group::Group;
use super::inputs::Inputs;
use super::lab::Lab;
use super::plan::{Action, Stage, Work};
use super::resolve::Resolved;
use super::scores::groups;
use super::{ExperimentError, cut::scores_of};
use crate::estimator::{EstimatorKind, Need};
use crate::space::{Architecture, Census, Form, Skeleton, nb101};
use crate::spec::{Spec, TruthRecipe};

/// What the program takes without a network, bytes.
pub(super) const PROGRAM: u64 = 40_000_000;

/// Bytes of a number in single precision.
const NUMBER: f64 = 4.0;

/// Copies of the weights: themselves, their gradients, and what the optimiser or an estimator keeps beside them.
const COPIES: f64 = 6.0;

impl Lab<'_> {
    /// How many bytes of memory the stages that [`Lab::run`] would run now take at their peak, by an estimate: with the jobs of the lab, and
    /// within its limit where a single job does not need more. The check of a carried truth is not counted.
    ///
    /// # Errors
    /// If the truth can't be read.
    pub fn peak_memory(&self, resolved: &Resolved) -> Result<u64, ExperimentError> {
        let inputs = Inputs::load(&resolved.spec, self.data_root(), &*self.progress)?;
        let (stages, _) = self.stages(resolved, &inputs)?;
        let left: Vec<Stage> = stages.into_iter().filter(|stage| stage.action != Action::Reuse).collect();
        let trained = left.iter().filter_map(|stage| match &stage.work {
            Work::Supernet { arm, .. } => Some(PROGRAM + of_supernet(&resolved.arms[*arm].spec, &inputs)),
            Work::Scores(_) | Work::VerifyTruth { .. } => None,
        });
        let scores: Vec<_> = left.iter().filter_map(scores_of).collect();
        let groups = groups(resolved, &inputs, &scores)?;
        let jobs = if self.jobs() == 0 { rayon::current_num_threads() } else { self.jobs() };
        let scored = groups.iter().map(|group| {
            let (one, all) = (of_group(group, resolved, &inputs, 1), of_group(group, resolved, &inputs, jobs));
            self.memory.limit().map_or(all, |limit| all.min(one.max(PROGRAM + limit)))
        });
        Ok(trained.chain(scored).max().unwrap_or(PROGRAM))
    }
}

/// The feature maps that a pass forward and backward keeps for an image, in numbers.
fn kept(skeleton: &Skeleton, census: &Census) -> f64 {
    let counted = (census.conv_elements + census.relu_elements) as f64;
    // Numbers for each counted one; and for each position and channel of a cell, at its nodes.
    let (of_counted, of_node, cells, channels, resolution) = match skeleton {
        Skeleton::Nb101(nb101::Skeleton::StandAlone(net)) => {
            (2.2, 6.0, 3.0 * net.cells as f64, net.channels, net.resolution)
        }
        Skeleton::Nb101(nb101::Skeleton::Supernet(net)) => (2.2, 6.0, net.layers as f64, net.channels, net.resolution),
        Skeleton::Nb201(net) => (1.6, 6.0, 3.0 * net.cells as f64, net.channels, net.resolution),
        Skeleton::Nb301(net) => (1.1, 32.0, net.layers as f64, net.channels, net.resolution),
        Skeleton::Nds(_) => (2.2, 0.0, 0.0, 0, 0),
        Skeleton::Table(_) => return 0.0,
    };
    // Three stages, each with twice the channels and half the sides of the one before.
    let cell = cells / 3.0 * (1.0 + 0.5 + 0.25) * (channels * resolution * resolution) as f64;
    of_counted * counted + of_node * cell
}

/// What an estimator with these needs keeps at a time, of what a pass forward and backward by the loss keeps.
fn share(needs: &[Need]) -> f64 {
    let of = |need: &Need| match need {
        Need::Architecture | Need::Census | Need::Weights => 0.0,
        Need::ReluPatterns | Need::Synflow | Need::SynflowWithNorm | Need::OutputCodes | Need::SignAgreement => 0.3,
        Need::Evaluation => 0.2,
        Need::ChannelSaliencies => 1.3,
        Need::InputGradients => 2.0,
        Need::HessianGradients => 3.0,
        // Among them loss gradients and own passes.
        _ => 1.0,
    };
    needs.iter().map(of).fold(0.0, f64::max)
}

/// The peak of one job, bytes, without the program's own.
fn peak(skeleton: &Skeleton, census: &Census, batch: usize, share: f64) -> u64 {
    let maps = batch as f64 * kept(skeleton, census) * share;
    (NUMBER * (maps + COPIES * census.params as f64)) as u64
}

/// The peak of a job that scores an architecture with all estimators of a group, bytes; 0 where no network is needed. The own memory of
/// another program is not known.
pub(super) fn of_scores(group: &Group<'_>, resolved: &Resolved) -> impl Fn(&Architecture) -> u64 + Sync {
    let spec = &resolved.arms[group.arm].spec;
    let settings = &spec.zero_shot;
    let (skeleton, batch) = match group.kind {
        EstimatorKind::OneShot => (supernet_skeleton(spec), spec.one_shot.batch),
        _ => (settings.network.skeleton_for(spec.space, settings.form, &spec.images), settings.batch),
    };
    let has_networks = !matches!(group.kind, EstimatorKind::Baseline | EstimatorKind::Vote);
    let shares = group.members.iter().map(|member| share(member.estimator.meta().needs));
    let share = if has_networks { shares.fold(0.0, f64::max) } else { 0.0 };
    move |architecture| {
        let counted = architecture.census(&skeleton).ok().filter(|_| has_networks);
        counted.map_or(0, |census| peak(&skeleton, &census, batch, share))
    }
}

/// The peak of the whole program that scores a group with so many jobs, bytes: the greatest peaks of its architectures, at the same time.
pub(super) fn of_group(group: &Group<'_>, resolved: &Resolved, inputs: &Inputs, jobs: usize) -> u64 {
    let of = of_scores(group, resolved);
    let mut peaks: Vec<u64> = inputs.panels[group.panel].architectures.iter().map(of).collect();
    peaks.sort_unstable_by(|one, other| other.cmp(one));
    PROGRAM + peaks.iter().take(jobs).sum::<u64>()
}

/// The peak of a job that trains an architecture for a truth table, bytes.
pub(super) fn of_training(recipe: &TruthRecipe, architecture: &Architecture) -> u64 {
    let skeleton = recipe.network.skeleton_for(recipe.space, Form::StandAlone, &recipe.images);
    architecture.census(&skeleton).map_or(0, |census| peak(&skeleton, &census, recipe.training.batch, 1.0))
}

/// The peak of the training of a supernet, bytes, as the architectures of the panels tell: those of a step are trained one after another.
pub(super) fn of_supernet(spec: &Spec, inputs: &Inputs) -> u64 {
    let Some(supernet) = &spec.supernet else { return 0 };
    let skeleton = supernet_skeleton(spec);
    let all = inputs.panels.iter().flat_map(|panel| &panel.architectures);
    let counted = all.filter_map(|architecture| architecture.census(&skeleton).ok());
    counted.map(|census| peak(&skeleton, &census, supernet.training.batch, 1.0)).max().unwrap_or(0)
}
