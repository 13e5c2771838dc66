//! Compares the CPU kernels with the composed form of the layers, or with the kernels of the GPU that `NAS_ASSAY_TEST_DEVICE` names, by the
//! scores of all zero-shot estimators.
//!
//! This test is a program of its own, because it changes its environment.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

use candle_core::{DType, Device};
use nas_assay::criteria::rank::PairCounts;
use nas_assay::estimator::{Estimator, EstimatorKind, Meta, Need, Probe, Suite};
use nas_assay::images::synthetic;
use nas_assay::kernels::cpu::{keep_freed_memory, keep_graphs_of_gradients};
use nas_assay::kernels::device;
use nas_assay::net::{Engine, Init, NetConfig, Network};
use nas_assay::seed::Seed;
use nas_assay::space::nb201::Skeleton;
use nas_assay::space::{Architecture, SpaceId};

// The composed layers allocate and free large tensors at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 16;

/// Estimators that are compared together.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    /// Those that need second derivatives.
    Second,
    /// `zico`, which divides by differences of gradients: on smaller images fewer of its digits are left.
    Zico,
    /// All others.
    First,
}

impl Set {
    fn of(meta: Meta<'_>) -> Self {
        match meta.id {
            // `dextr` runs second derivatives of its own.
            "dextr" => Self::Second,
            "zico" => Self::Zico,
            _ if meta.needs.contains(&Need::HessianGradients) => Self::Second,
            _ => Self::First,
        }
    }

    /// The side of the images. Graphs of gradients of composed layers take 4 GB with 16 pixels and 15 with 32, and passes four times as long.
    fn side(self) -> usize {
        if self == Self::Zico { 32 } else { 16 }
    }
}

/// Estimators with a backward pass for each image or logit: dozens of passes for one score.
const IMAGE_BY_IMAGE: [&str; 5] = ["gradsign_sum", "gradsign_mean", "ntk_cond", "vkdnw", "dextr"];

/// The zero-shot estimators of a set.
fn estimators(suite: &Suite, set: Set) -> impl Iterator<Item = &dyn Estimator> {
    let zero_shot = suite.iter().filter(|estimator| estimator.meta().kind == EstimatorKind::ZeroShot);
    zero_shot.filter(move |estimator| Set::of(estimator.meta()) == set)
}

/// The scores of some architectures by these estimators, one column per estimator. The networks have the size of the micro experiment.
fn scores(set: Set, engine: Engine, device: &Device, dtype: DType) -> Vec<Vec<f64>> {
    let suite = Suite::builtin();
    let skeleton = Skeleton { channels: 8, cells: 1, resolution: set.side(), ..Skeleton::default() }.into();
    let config = NetConfig { skeleton, dtype, device: device.clone() };
    let images = synthetic::draw(&Seed::root(1), "train", BATCH, set.side()).unwrap();
    let batch = images.batch(&(0..BATCH).collect::<Vec<_>>(), None, dtype, device).unwrap();
    let all: Vec<Architecture> = SpaceId::Nb201.representatives().unwrap();
    let chosen = Seed::root(1).stream().choose(all.len(), 12);
    let mut columns = vec![Vec::new(); estimators(&suite, set).count()];
    for (place, architecture) in chosen.into_iter().map(|index| all[index]).enumerate() {
        let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(20))).unwrap();
        let needs: Vec<Need> = estimators(&suite, set).flat_map(|estimator| estimator.meta().needs.to_vec()).collect();
        let probe = Probe::new(architecture, &network, engine, needs).with_batch(&batch);
        let asked = |estimator: &dyn Estimator| place < 3 || !IMAGE_BY_IMAGE.contains(&estimator.meta().id);
        for (column, estimator) in columns.iter_mut().zip(estimators(&suite, set)).filter(|(_, of)| asked(*of)) {
            column.push(estimator.score(&probe).unwrap().score.value());
        }
    }
    columns
}

/// The scores of both engines agree up to rounding, and give almost the same ranking.
#[test]
fn estimators_agree() {
    let device = device::open(&std::env::var("NAS_ASSAY_TEST_DEVICE").unwrap_or_else(|_| "cpu".to_owned())).unwrap();
    let suite = Suite::builtin();
    keep_freed_memory();
    let engine = if device.is_cpu() { Engine::Composed } else { Engine::Kernels };
    for set in [Set::First, Set::Zico, Set::Second] {
        if set == Set::Second && device.is_cpu() {
            // Candle reads once per thread whether it keeps graphs of gradients. They take gigabytes, so the estimators that need none come
            // first; the kernels run on this thread, which began without.
            keep_graphs_of_gradients();
        }
        // Measured on the CPU: at most 2e-13 and 6e-5 apart.
        let other_engine = [(DType::F64, 1e-11), (DType::F32, 5e-4)].map(|(dtype, tolerance)| {
            let device = device.clone();
            (dtype, tolerance, std::thread::spawn(move || scores(set, engine, &device, dtype)))
        });
        for (dtype, tolerance, others) in other_engine {
            let kernels = scores(set, Engine::Kernels, &Device::Cpu, dtype);
            let others = others.join().unwrap();
            for ((estimator, kernels), others) in estimators(&suite, set).zip(&kernels).zip(&others) {
                let id = estimator.meta().id;
                // It divides by differences of two gradients, of which few digits are left where they are nearly equal: measured 2e-10 and
                // 3e-3.
                let tolerance = match (id, dtype) {
                    ("zico", DType::F64) => 1e-8,
                    ("zico", _) => 1e-2,
                    _ => tolerance,
                };
                for (a, b) in kernels.iter().zip(others) {
                    assert!(
                        a.to_bits() == b.to_bits() || (a - b).abs() <= tolerance * a.abs(),
                        "{id} in {dtype:?}: {a} by CPU kernels, {b} by {engine:?}"
                    );
                }
                // Its scores lie nearer to each other than that: measured, one pair of 66 changes its order, which is a tau of .970.
                let least = if (id, dtype) == ("zico", DType::F32) { 0.96 } else { 0.999 };
                let tau = PairCounts::new(kernels, others).tau_b().unwrap();
                assert!(tau >= least, "{id} in {dtype:?}: the engines' rankings have a tau of {tau}");
            }
        }
    }
}
