//! What a stage will cost, before it runs.

use std::time::Duration;

use super::group::Group;
use super::inputs::Inputs;
use super::plan::Work;
use super::resolve::Resolved;
use crate::estimator::EstimatorKind;
use crate::space::{Architecture, Form, Skeleton};
use crate::spec::{Spec, Strategy};

/// What a stage will cost, counted alone: what stages share is in each of them. It is an estimate, from the architectures of the panels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How many images go through a network.
    pub images: u64,
    /// The multiply-accumulates for that. A pass backward counts as two passes forward, and a zero-shot score as one pass forward and one
    /// backward; some estimators need more.
    pub flops: u64,
}

/// Multiply-accumulates that a thread of a CPU does in a second, for an estimate: the middle of what the tests of this file list. They are few
/// for a single estimator, and many where estimators share their passes, since the cost of each stage counts what is shared.
const PER_SECOND: f64 = 2.8e10;

/// How many passes forward one pass forward and one backward cost.
const THERE_AND_BACK: u64 = 3;

/// `FairNAS` takes an architecture for each operation of NAS-Bench-201.
const FAIR: usize = crate::space::nb201::Operation::ALL.len();

impl Cost {
    fn new(images: u64, passes: u64, of_one: u64) -> Self {
        Self { images, flops: images.saturating_mul(passes).saturating_mul(of_one) }
    }

    /// How long it takes on so many threads of a CPU: to within a factor of five where it was measured.
    pub fn time(self, threads: usize) -> Duration {
        Duration::try_from_secs_f64(self.flops as f64 / PER_SECOND / threads.max(1) as f64).unwrap_or(Duration::MAX)
    }

    /// Of a stage of a plan. Baselines, other programs and the check of the carried truth are not counted.
    pub(super) fn of(work: &Work, resolved: &Resolved, inputs: &Inputs) -> Self {
        match work {
            Work::VerifyTruth { .. } => Self::default(),
            Work::Supernet { arm, .. } => {
                let spec = &resolved.arms[*arm].spec;
                let Some(supernet) = &spec.supernet else { return Self::default() };
                let each = if supernet.strategy == Strategy::Fair { FAIR } else { supernet.architectures };
                let images = product(&[supernet.training.epochs, spec.images.split().0, each]);
                let skeleton = supernet_skeleton(spec);
                let all = inputs.panels.iter().flat_map(|panel| &panel.architectures);
                Self::new(images, THERE_AND_BACK, mean_flops(all, &skeleton))
            }
            Work::Scores(work) => {
                let spec = &resolved.arms[work.arm].spec;
                let all = &inputs.panels[work.panel].architectures;
                match resolved.facts(&work.estimator).map(|facts| facts.kind) {
                    Ok(EstimatorKind::OneShot) => {
                        let images = product(&[all.len(), scored_on(spec)]);
                        Self::new(images, 1, mean_flops(all, &supernet_skeleton(spec)))
                    }
                    Ok(EstimatorKind::ZeroShot) => {
                        let settings = &spec.zero_shot;
                        let networks = if work.weights.is_some() { 1 } else { settings.seeds.len() };
                        let images = product(&[all.len(), networks, settings.batches, settings.batch]);
                        let skeleton = settings.network.skeleton_for(spec.space, settings.form, &spec.images);
                        Self::new(images, THERE_AND_BACK, mean_flops(all, &skeleton))
                    }
                    _ => Self::default(),
                }
            }
        }
    }

    /// The multiply-accumulates that each architecture of a panel costs a group of score stages, each stage counted alone; `None` if they need
    /// no network. Another program is taken for one pass forward and one backward of a batch.
    pub(super) fn of_each(group: &Group<'_>, resolved: &Resolved, inputs: &Inputs) -> Option<Vec<u128>> {
        let spec = &resolved.arms[group.arm].spec;
        let settings = &spec.zero_shot;
        let of_zero_shot = || settings.network.skeleton_for(spec.space, settings.form, &spec.images);
        let one_batch = THERE_AND_BACK.saturating_mul(settings.batch as u64);
        let (skeleton, images) = match group.kind {
            EstimatorKind::OneShot => (supernet_skeleton(spec), scored_on(spec) as u64),
            EstimatorKind::ZeroShot => {
                let networks = if group.weights.is_some() { 1 } else { settings.seeds.len() as u64 };
                (of_zero_shot(), one_batch.saturating_mul(networks).saturating_mul(settings.batches as u64))
            }
            EstimatorKind::External => (of_zero_shot(), one_batch),
            EstimatorKind::Baseline | EstimatorKind::Vote => return None,
        };
        // One pass over the images of an evaluation is for all its stages.
        let stages = if group.kind == EstimatorKind::OneShot { 1 } else { group.stages().count() as u128 };
        let of = |flops: u64| u128::from(flops) * u128::from(images) * stages;
        let all = inputs.panels[group.panel].architectures.iter();
        Some(all.map(|architecture| of(architecture.census(&skeleton).map_or(0, |census| census.flops))).collect())
    }
}

/// How many images one-shot scores are of.
fn scored_on(spec: &Spec) -> usize {
    match spec.one_shot.validation {
        0 => spec.images.split().1,
        count => count,
    }
}

fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product, &factor| product.saturating_mul(factor as u64))
}

/// The network of a spec's supernet.
pub(super) fn supernet_skeleton(spec: &Spec) -> Skeleton {
    let network = spec.supernet.as_ref().map(|supernet| supernet.network).unwrap_or_default();
    network.skeleton_for(spec.space, Form::Supernet, &spec.images)
}

/// The mean of the multiply-accumulates for one image, rounded down; 0 where there is no network.
fn mean_flops<'a>(architectures: impl IntoIterator<Item = &'a Architecture>, skeleton: &Skeleton) -> u64 {
    let (mut sum, mut count) = (0_u64, 0_u64);
    for census in architectures.into_iter().filter_map(|architecture| architecture.census(skeleton).ok()) {
        sum = sum.saturating_add(census.flops);
        count += 1;
    }
    sum.checked_div(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backend;
    use crate::estimator::Suite;
    use crate::experiment::Lab;
    use crate::spec::parse_spec;
    use crate::store::Store;

    /// Multiply-accumulates by the plan, and seconds that the run took with two threads of an AMD EPYC (Zen 5, AVX-512), its start included: the
    /// specs `real-*-zeroshot` with 6, 4, 4 and 3 architectures in each panel, `grad_norm` alone with 8, 16 and 4, and `nb201-micro`.
    const MEASURED: [(&str, u64, f64); 8] = [
        ("nb201", 5_143_122_247_680, 48.84),
        ("nb301", 5_415_115_161_600, 66.93),
        ("nb101", 9_553_983_897_600, 49.95),
        ("nds_resnet", 31_628_874_643_200, 128.36),
        ("nb301, grad_norm", 72_482_291_712, 6.18),
        ("nb201, grad_norm", 198_308_659_200, 3.69),
        ("nds_resnet, grad_norm", 252_266_628_096, 3.02),
        ("nb201-micro", 969_073_459_200, 26.79),
    ];

    #[test]
    fn a_time_is_within_a_factor_of_five_of_what_was_measured() {
        let off = |(name, flops, seconds): (&str, u64, f64)| {
            let ratio = Cost { images: 0, flops }.time(2).as_secs_f64() / seconds;
            assert!((0.2..5.0).contains(&ratio), "{name}: {ratio}");
            ratio
        };
        let ratios = MEASURED.map(off);
        assert!(ratios.iter().any(|&ratio| ratio < 0.25) && ratios.iter().any(|&ratio| ratio > 4.0), "{ratios:?}");
        let one = Cost { images: 0, flops: 5_600_000_000_000 };
        assert_eq!([1, 2, 4].map(|threads| one.time(threads).as_secs()), [200, 100, 50]);
    }

    #[test]
    fn costs_are_those_by_hand() {
        let (one, two) = (
            "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|",
            "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
        );
        let text = format!(
            "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
             [truth.none]\n[supernet]\nseeds = [20]\nsampling = 'iso'\nnetwork = {{ channels = 4, cells = 1 }}\n\
             training = {{ epochs = 3, batch = 16, learning-rate = 0.05 }}\n\
             [variants.fair.supernet]\nstrategy = 'fair'\n\
             [zero-shot]\nbatch = 16\nbatches = 2\nseeds = [1, 2]\nnetwork = {{ channels = 4, cells = 1 }}\n\
             [panels.all]\narchitectures = ['{one}', '{two}']\nestimators = ['params', 'snip', 'oneshot_loss']\n"
        );
        let resolved = Resolved::new(parse_spec(&text, "a test").unwrap(), &Suite::builtin()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let suite = Suite::builtin();
        let lab = Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu());
        let plan = lab.plan(&resolved).unwrap();
        let of =
            |kind: &str| plan.iter().filter(|stage| stage.kind == kind).map(|stage| stage.cost).collect::<Vec<_>>();
        // Only the second has a live convolution: one cell of 16 x 4² x 9 at each stage, of 8, 4 and 2 pixels with 4, 8 and 16 channels.
        let skeleton = supernet_skeleton(&resolved.spec);
        let [dead, live] = [one, two]
            .map(|text| Architecture::parse(resolved.spec.space, text).unwrap().census(&skeleton).unwrap().flops);
        assert_eq!(live - dead, 3 * 64 * 4 * 4 * 9);
        let mean = u64::midpoint(dead, live);
        let training = |each: u64| Cost { images: 3 * 48 * each, flops: 3 * 48 * each * 3 * mean };
        assert_eq!(of("supernet"), [training(1), training(5)]);
        let scores = of("scores");
        assert_eq!(scores[0], Cost::default(), "params");
        assert_eq!(scores[1], Cost { images: 2 * 2 * 2 * 16, flops: 128 * 3 * mean }, "snip");
        assert_eq!(scores[2], Cost { images: 2 * 20, flops: 40 * mean }, "oneshot_loss");
    }
}
