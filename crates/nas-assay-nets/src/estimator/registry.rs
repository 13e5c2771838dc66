//! Every estimator, once.

use super::{Estimator, baseline, oneshot, zeroshot};
use thiserror::Error;

/// All estimators, in the order of reports: baselines, zero-shot, one-shot.
const ESTIMATORS: [&dyn Estimator; 15] = [
    &baseline::params::Params,
    &baseline::flops::Flops,
    &baseline::relu_count::ReluCount,
    &zeroshot::grad_norm::GradNorm,
    &zeroshot::snip::Snip,
    &zeroshot::plain::Plain,
    &zeroshot::grasp::Grasp,
    &zeroshot::synflow::Synflow,
    &zeroshot::synflow_bn::SynflowBn,
    &zeroshot::fisher::Fisher,
    &zeroshot::jacob_cov::JacobCov,
    &zeroshot::relu_logdet::ReluLogdet,
    &zeroshot::l2_norm::L2Norm,
    &oneshot::Accuracy,
    &oneshot::Loss,
];

/// No estimator has the name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown estimator `{asked}`; the nearest known one is `{nearest}`")]
pub struct UnknownEstimator {
    /// The name that was asked for.
    pub asked: String,
    /// The known one with the fewest edits from it.
    pub nearest: &'static str,
}

/// All estimators, in the order of reports.
pub fn all() -> impl ExactSizeIterator<Item = &'static dyn Estimator> {
    ESTIMATORS.into_iter()
}

/// The estimator called `id`.
pub fn find(id: &str) -> Result<&'static dyn Estimator, UnknownEstimator> {
    let distance = |estimator: &&dyn Estimator| strsim::damerau_levenshtein(id, estimator.meta().id);
    let nearest = all().min_by_key(distance).map_or("", |estimator| estimator.meta().id);
    all().find(|estimator| estimator.meta().id == id).ok_or_else(|| UnknownEstimator { asked: id.into(), nearest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::EstimatorKind;
    use crate::estimator::Probe;
    use crate::images::Batch;
    use crate::net::Engine;
    use crate::net::reference::Reference;
    use candle_core::{DType, Device};
    use std::collections::BTreeSet;

    #[test]
    fn every_estimator_is_found_by_its_own_name() {
        let ids: BTreeSet<_> = all().map(|estimator| estimator.meta().id).collect();
        assert_eq!(ids.len(), all().len());
        for id in ids {
            assert_eq!(find(id).map(|estimator| estimator.meta().id), Ok(id));
        }
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_nearest() {
        let error = find("synflwo").err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("unknown estimator `synflwo`; the nearest known one is `synflow`"));
    }

    #[test]
    fn everything_is_said() {
        for meta in all().map(Estimator::meta) {
            assert!(meta.version > 0 && !meta.needs.is_empty(), "{}", meta.id);
            assert!(meta.summary.ends_with('.') && !meta.formula.is_empty() && !meta.source.is_empty(), "{}", meta.id);
        }
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn scores_are_those_of_the_reference() {
        let engine = Engine::for_device(&Device::Cpu);
        for reference in (0..4).map(Reference::load) {
            let network = reference.network(DType::F64);
            let images = reference.images.to_dtype(DType::F64).unwrap();
            let batch = Batch { images, labels: reference.labels.clone() };
            let asked: Vec<_> = all().filter(|estimator| estimator.meta().kind != EstimatorKind::OneShot).collect();
            let needs = asked.iter().flat_map(|estimator| estimator.meta().needs.iter().copied());
            let probe = Probe::new(reference.architecture, &network, engine, needs).with_batch(&batch);
            for estimator in asked {
                let id = estimator.meta().id;
                let ours = estimator.score(&probe).unwrap().score.value();
                let Some(theirs) = reference.score(id) else { continue };
                let off = (ours - theirs).abs() / theirs.abs();
                // The reference rounds the numbers of its channels to single precision; see below for one that does not.
                let tolerance = if id == "fisher" { 1e-8 } else { 1e-9 };
                assert!(off < tolerance, "{id} of {}: {ours}, but the reference has {theirs}", reference.architecture);
            }
            assert_eq!(probe.relu_patterns().unwrap().elements(), reference.scores["relu_elements_per_image"]);
            assert_eq!(probe.census().unwrap().relu_elements, reference.scores["relu_elements_per_image"]);
        }
    }

    /// Of the four reference networks, by a program of our own in PyTorch 2.15 that is in double precision throughout.
    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn scores_are_those_of_another_program() {
        let expected = [
            ("fisher", [0.5011325623880599, 0.09164327219451131, 0.008929110735971062, 10924.359330670846], 1e-11),
            ("synflow_bn", [17.28685511508353, 20.372071239550134, 19.031292185155216, 18.319468824306018], 1e-9),
            ("l2_norm", [180.29401371811394, 180.51801103418998, 129.74703932342834, 180.91992136524743], 1e-14),
        ];
        for (place, reference) in (0..4).map(Reference::load).enumerate() {
            let network = reference.network(DType::F64);
            let images = reference.images.to_dtype(DType::F64).unwrap();
            let batch = Batch { images, labels: reference.labels.clone() };
            for (id, expected, tolerance) in expected {
                let estimator = find(id).unwrap_or_else(|error| panic!("{error}"));
                let needs = estimator.meta().needs.iter().copied();
                let probe = Probe::new(reference.architecture, &network, Engine::Kernels, needs).with_batch(&batch);
                let (ours, theirs) = (estimator.score(&probe).unwrap().score.value(), expected[place]);
                assert!((ours - theirs).abs() < tolerance * theirs, "{id} of network {place}: {ours}, not {theirs}");
            }
        }
    }
}
