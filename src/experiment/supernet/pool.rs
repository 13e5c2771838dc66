//! Which architectures a supernet's steps draw.

use super::super::ExperimentError;
use crate::space::{EmptyPool, FairOperations, Pool, Sampler, SpaceId, SubSpace, nb201};
use crate::spec::{Sampling, Strategy, Supernet};

/// How the architectures of a supernet's steps are drawn.
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

/// The architectures that a supernet's steps draw from. Those without a live convolution are never trained, as in the paper.
fn pool(space: SpaceId, sampling: Sampling, part: Option<SubSpace>) -> Result<Pool, EmptyPool> {
    let representatives = part.as_ref().map_or_else(|| space.representatives(), SubSpace::representatives);
    match (sampling, representatives) {
        (Sampling::Deiso, Some(mut representatives)) => {
            representatives.retain(|architecture| architecture.has_live_convolution());
            Pool::listed(representatives)
        }
        // Where no list is kept, no two encodings are isomorphic; specs that ask for another space's are refused.
        (Sampling::Iso | Sampling::Deiso, _) => Ok(part.map_or(Pool::Trainable(space), Pool::Within)),
    }
}
