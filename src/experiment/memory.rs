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
fn share(needs: &[Need], skeleton: &Skeleton) -> f64 {
    let of = |need: &Need| match need {
        Need::Architecture | Need::Census | Need::Weights => 0.0,
        // Without a graph of gradients, or of a single image at a time.
        Need::ReluPatterns
        | Need::OutputCodes
        | Need::Evaluation
        | Need::Synflow
        | Need::SynflowWithNorm
        | Need::SignAgreement => 0.2,
        Need::ChannelSaliencies => 1.3,
        // In these cells the gradients of many edges meet at a node.
        Need::InputGradients if matches!(skeleton, Skeleton::Nb101(_) | Skeleton::Nb301(_)) => 2.0,
        Need::InputGradients => 1.1,
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
    let shares = group.members.iter().map(|member| share(member.estimator.meta().needs, &skeleton));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backend;
    use crate::estimator::Suite;
    use crate::experiment::Resolved;
    use crate::space::SpaceId;
    use crate::spec::{Images, Network, parse_spec};
    use crate::store::Store;

    /// A peak that was measured, and the estimate for it, megabytes.
    struct Point {
        name: String,
        measured: f64,
        estimate: f64,
    }

    /// The peaks of processes that scored one architecture by one estimator on 64 images of 32 pixels: networks of the paper's size,
    /// sub-networks of a supernet but for NAS-Bench-201.
    fn points() -> Vec<Point> {
        let suite = Suite::builtin();
        let images: Images = toml::from_str("[synthetic]\ntrain = 256\nvalidation = 64\n").unwrap();
        let mut table = csv::Reader::from_path("fixtures/costs/memory.csv").unwrap();
        let point = |row: csv::StringRecord| {
            let (space, id) = (row[0].parse::<SpaceId>().unwrap(), &row[1]);
            let form = if space == SpaceId::Nb201 { Form::StandAlone } else { Form::Supernet };
            let skeleton = Network::default().skeleton_for(space, form, &images);
            let census = Architecture::parse(space, &row[3]).unwrap().census(&skeleton).unwrap();
            let of = share(suite.find(id).unwrap().meta().needs, &skeleton);
            let estimate = (PROGRAM + peak(&skeleton, &census, 64, of)) as f64 / 1e6;
            let name = format!("{space} {id}, {} parameters", census.params);
            Point { name, measured: row[2].parse().unwrap(), estimate }
        };
        table.records().map(|row| point(row.unwrap())).collect()
    }

    #[test]
    fn estimates_are_rather_too_large_than_too_small_and_near_for_what_takes_most() {
        let points = points();
        assert!(points.len() > 60, "{}", points.len());
        for Point { name, measured, estimate } in &points {
            let ratio = estimate / measured;
            assert!(ratio > 0.8, "{name}: {estimate:.0} MB by the estimate, {measured} MB measured");
            // Passes of their own may be short ones, or of fewer images.
            let is_of_a_pass =
                ["grad_norm", "snip", "fisher", "jacob_cov", "epe_nas", "grasp"].iter().any(|id| name.contains(id));
            assert!(!is_of_a_pass || ratio < 1.6, "{name}: {estimate:.0} MB by the estimate, {measured} MB measured");
        }
    }

    fn resolved(suite: &Suite, estimators: &str) -> Resolved {
        let text = format!(
            "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
             [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n\
             [zero-shot]\nbatch = 16\nseeds = [1]\nnetwork = {{ channels = 4, cells = 1 }}\n\
             [panels.all]\nsample = 8\nestimators = {estimators}\n"
        );
        Resolved::new(parse_spec(&text, "a test").unwrap(), suite).unwrap()
    }

    #[test]
    fn more_jobs_take_more_and_a_limit_holds_them() {
        let (suite, folder) = (Suite::builtin(), tempfile::tempdir().unwrap());
        let lab = |jobs| Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu()).with_jobs(jobs);
        let snip = resolved(&suite, "['params', 'snip']");
        let of = |jobs, limit| lab(jobs).with_memory(limit).peak_memory(&snip).unwrap();
        let (one, two, all) = (of(1, None), of(2, None), of(100, None));
        assert!(PROGRAM < one && one < two && two < all, "{one}, {two}, {all}");
        let between = usize::midpoint(one as usize, two as usize) as u64;
        assert_eq!(of(2, Some(between)), between);
        assert_eq!(of(2, Some(1)), one, "a job that needs more than all runs alone");
        assert_eq!(of(2, Some(u64::MAX)), two);
        let grasp = lab(1).peak_memory(&resolved(&suite, "['snip', 'grasp']")).unwrap();
        assert!(grasp > one, "the heaviest estimator counts");
        assert_eq!(lab(4).peak_memory(&resolved(&suite, "['params']")).unwrap(), PROGRAM);
    }

    #[test]
    fn a_limit_changes_no_result() {
        let (suite, snip) = (Suite::builtin(), "['params', 'snip', 'synflow']");
        let record = |limit| {
            let folder = tempfile::tempdir().unwrap();
            let lab = Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu()).with_jobs(3);
            serde_json::to_string(&lab.with_memory(limit).run(&resolved(&suite, snip)).unwrap()).unwrap()
        };
        assert_eq!(record(None), record(Some(1)));
    }
}
