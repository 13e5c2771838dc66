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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use crate::space::Architecture;
    use crate::spec::{Spec, parse_spec};
    use std::collections::BTreeMap;

    fn settings(lines: &str) -> Supernet {
        let text = format!(
            "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\ntrain = 48\nvalidation = 20\n\
             [truth.trained]\ntable = 'nb201-micro'\n[panels.all]\nestimators = ['oneshot_loss']\n\
             [supernet]\ntraining = {{ epochs = 1, batch = 16, learning-rate = 0.05 }}\n{lines}"
        );
        let Spec { supernet, .. } = parse_spec(&text, "a test").unwrap();
        supernet.unwrap()
    }

    /// With two operations left there are 64 encodings. All with a live convolution are drawn, about equally often, and no other.
    #[test]
    fn a_sub_space_is_drawn_from_where_a_convolution_is_live() {
        let lines = "sampling = 'iso'\nwithout = { operations = ['skip_connect', 'nor_conv_1x1', 'avg_pool_3x3'] }";
        let sampler = sampler(SpaceId::Nb201, &settings(lines)).unwrap();
        let left = ["none", "nor_conv_3x3"];
        let all = nb201::Architecture::all().map(Architecture::Nb201);
        let inside = all.filter(|cell| {
            let text = cell.to_string();
            text.split(['|', '+'])
                .filter_map(|edge| edge.split_once('~'))
                .all(|(operation, _)| left.contains(&operation))
        });
        let mut counts: BTreeMap<Architecture, usize> = inside.map(|architecture| (architecture, 0)).collect();
        assert_eq!(counts.len(), 64);
        let mut stream = Seed::root(3).stream();
        let draws: u32 = 4_000;
        for _ in 0..draws {
            for architecture in sampler.draw(&mut stream) {
                *counts.get_mut(&architecture).unwrap() += 1;
            }
        }
        // A path from the input to the output has a convolution on every edge, since none is the only other operation.
        let convolution = |cell: &Architecture, edge: usize| {
            let text = cell.to_string();
            text.split(['|', '+']).filter(|part| part.contains('~')).nth(edge).unwrap().starts_with("nor_conv_3x3")
        };
        // Edges in the order of the text: 0>1, 0>2, 1>2, 0>3, 1>3, 2>3.
        let paths: [&[usize]; 4] = [&[3], &[0, 4], &[1, 5], &[0, 2, 5]];
        let live = |cell: &Architecture| paths.iter().any(|path| path.iter().all(|&edge| convolution(cell, edge)));
        let expected = f64::from(draws) / counts.keys().filter(|cell| live(cell)).count() as f64;
        for (cell, &count) in &counts {
            let off = (count as f64 - expected).abs();
            assert!(if live(cell) { off < 5.0 * expected.sqrt() } else { count == 0 }, "{cell}: {count} of {expected}");
        }
    }
}
