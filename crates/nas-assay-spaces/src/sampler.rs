//! Drawing the architectures of one training step.

use super::{Architecture, EmptyPool, Pool, nb201};
use nas_assay_base::seed::Stream;

/// How the architectures of a training step are drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Sampler {
    /// `count` uniform and independent draws from a pool.
    Uniform {
        /// The pool.
        pool: Pool,
        /// Architectures per step.
        count: usize,
    },
    /// [`nb201::fair_draw`] for NAS-Bench-201. Cells without a live convolution are left out.
    Fair(FairOperations),
}

/// Operations of NAS-Bench-201 for a fair draw, at least one of them a convolution.
///
/// In a fair draw, one cell has that convolution on the edge from input to output. This edge is live whatever the other edges are, so every
/// fair draw has at least one cell to train.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FairOperations(Vec<nb201::Operation>);

impl FairOperations {
    /// Takes these operations.
    ///
    /// # Errors
    /// If none of them is a convolution.
    pub fn new(operations: Vec<nb201::Operation>) -> Result<Self, EmptyPool> {
        let trainable = operations.iter().any(|operation| operation.conv_kernel().is_some());
        if trainable { Ok(Self(operations)) } else { Err(EmptyPool) }
    }
}

impl Sampler {
    /// One architecture per step.
    pub fn one_of(pool: Pool) -> Self {
        Self::Uniform { pool, count: 1 }
    }

    /// Draws the architectures of a step.
    pub fn draw(&self, stream: &mut Stream) -> Vec<Architecture> {
        match self {
            Self::Uniform { pool, count } => (0..*count).map(|_| pool.draw(stream)).collect(),
            Self::Fair(FairOperations(operations)) => {
                let cells = nb201::fair_draw(operations, stream).into_iter();
                cells.filter(|cell| cell.has_live_convolution()).map(Architecture::Nb201).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpaceId;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    #[test]
    fn a_step_of_many_is_a_step_of_one_many_times() {
        let sampler = |count| Sampler::Uniform { pool: Pool::Trainable(SpaceId::Nb301), count };
        let mut stream = Seed::root(3).stream();
        let singles: Vec<Architecture> = (0..6).flat_map(|_| sampler(1).draw(&mut stream)).collect();
        assert_eq!(sampler(6).draw(&mut Seed::root(3).stream()), singles);
    }

    #[test]
    fn a_fair_draw_without_a_convolution_is_refused() {
        let none = FairOperations::new(vec![nb201::Operation::None, nb201::Operation::AvgPool3x3]);
        assert_eq!(none, Err(EmptyPool));
    }

    proptest! {
        #[test]
        fn a_fair_step_has_something_to_train(seed: u64, one: bool) {
            use nb201::Operation::{AvgPool3x3, NorConv1x1, NorConv3x3, None, SkipConnect};
            let convolution = if one { NorConv1x1 } else { NorConv3x3 };
            let operations = FairOperations::new(vec![None, SkipConnect, AvgPool3x3, convolution]).unwrap();
            let drawn = Sampler::Fair(operations).draw(&mut Seed::root(seed).stream());
            prop_assert!((1..=4).contains(&drawn.len()));
            prop_assert!(drawn.iter().all(|architecture| architecture.has_live_convolution()));
        }
    }
}
