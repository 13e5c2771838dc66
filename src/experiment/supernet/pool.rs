//! Which architectures the training steps of a supernet draw.

use super::super::ExperimentError;
use crate::space::{EmptyPool, FairOperations, Pool, Sampler, SpaceId, SubSpace, nb201};
use crate::spec::{Sampling, Strategy, Supernet};

/// The sampler that draws the architectures of a supernet's training steps.
pub(super) fn sampler(space: SpaceId, settings: &Supernet) -> Result<Sampler, ExperimentError> {
    let part = settings.without.as_ref().map(|without| SubSpace::without(space, &without.operations)).transpose()?;
    match settings.strategy {
        Strategy::Uniform => {
            Ok(Sampler::Uniform { pool: pool(space, settings.sampling, part)?, count: settings.architectures })
        }
        Strategy::Fair => {
            let operations = part.map_or(nb201::Operation::ALL.to_vec(), |part| part.nb201_operations());
            Ok(Sampler::Fair(FairOperations::new(operations)?))
        }
    }
}

/// The architectures that a supernet's training steps draw from. As in the paper (Ning et al. 2021), architectures without a live
/// convolution are never trained.
fn pool(space: SpaceId, sampling: Sampling, part: Option<SubSpace>) -> Result<Pool, EmptyPool> {
    let representatives = part.as_ref().map_or_else(|| space.representatives(), SubSpace::representatives);
    match (sampling, representatives) {
        (Sampling::Deiso, Some(mut representatives)) => {
            representatives.retain(|architecture| architecture.has_live_convolution());
            Pool::listed(representatives)
        }
        // `deiso` without a list: no two encodings of the space are isomorphic. For other spaces without a list, the spec was refused.
        (Sampling::Iso | Sampling::Deiso, _) => Ok(part.map_or(Pool::Trainable(space), Pool::Within)),
    }
}
