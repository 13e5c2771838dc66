//! Two network design spaces for CIFAR-10 (Radosavovic et al., "On Network Design Spaces for Visual Recognition", ICCV 2019):
//! [`resnet`] and [`resnext_a`].
//!
//! A network is a stem, three stages of residual blocks and a classifier. The same decisions are made for each stage, independently of
//! the other stages: the number of blocks and their width, and in ResNeXt-A also the ratio of the bottleneck and the groups of its 3×3
//! convolution. A [`Family`] lists the decisions and their values. Everything else about an [`Architecture`] (text, enumeration,
//! mutation, census) is the same code for both families.
//!
//! A *decision* is what is decided, such as the depth. A *position* is one decision at one stage. A *choice* is the index of a value in
//! the list of its decision. Text, index and tables all order positions by decision, then by stage.
//!
//! No two encodings build the same network, so the canonical form of an encoding is the encoding itself. (Strides show where the stages
//! begin, and the number of blocks, their width, their inner width and the shape of the grouped weights show every decision.) The paper
//! does not treat isomorphism in these spaces either.

mod census;
mod decision;
mod network;
pub mod resnet;
pub mod resnext_a;
mod text;

pub use census::Census;
pub use decision::{Decision, Kind};
pub use network::{Block, Projection, ResidualBlock, Run, Skeleton, Stage};
pub use resnet::ResNet;
pub use resnext_a::ResNeXtA;

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use self::decision::{MAX_DECISIONS, MAX_POSITIONS};
use nas_assay_base::seed::Stream;

/// Number of stages of a network.
pub const STAGES: usize = 3;

/// Stride of the first block of each stage. Every other block has stride 1.
pub const STRIDES: [usize; STAGES] = [1, 2, 2];

mod sealed {
    /// Only this module defines families.
    pub trait Sealed {}
}

/// One of the two spaces. The types that implement it have no values.
pub trait Family: sealed::Sealed + Copy + Debug + Ord + Hash + Send + Sync + 'static {
    /// The name of the space in specs and records.
    const NAME: &'static str;
    /// The version of the space's definitions, which is part of every spec hash.
    const VERSION: u32;
    /// The decisions for each stage: depth, width, then those that only this family has. At most four.
    const DECISIONS: &'static [Decision];

    /// The stage with these values, one per decision. Values of decisions that the family does not have are 0.
    fn stage(values: [usize; 4]) -> Stage;
}

/// An encoding: a value for each decision at each stage. Ordered by [`index`](Self::index).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "")]
pub struct Architecture<F: Family> {
    index: u32,
    family: PhantomData<F>,
}

impl<F: Family> Architecture<F> {
    /// Number of encodings of the space.
    pub const COUNT: usize = decision::count(F::DECISIONS);

    /// Number of positions of an encoding: decisions times stages.
    pub const POSITIONS: usize = F::DECISIONS.len() * STAGES;

    /// Number of encodings that differ from a given one at exactly one position.
    pub const NEIGHBOURS: usize = decision::neighbours(F::DECISIONS);

    /// The encoding with the smallest values, which has index 0.
    pub const FIRST: Self = Self::at(0);

    /// The encoding with the greatest values, which has the last index.
    pub const LAST: Self = Self::at(Self::COUNT - 1);

    /// The weight of each position in the index.
    const WEIGHTS: [usize; MAX_POSITIONS] = decision::weights(F::DECISIONS);

    /// The architecture at `index`, which must be below [`COUNT`](Self::COUNT).
    const fn at(index: usize) -> Self {
        Self { index: index as u32, family: PhantomData }
    }

    /// The index in the enumeration, below [`COUNT`](Self::COUNT). The choices are the digits, the first position the most significant one;
    /// the base of a digit is the number of values of its decision.
    pub const fn index(self) -> usize {
        self.index as usize
    }

    /// The architecture at `index` of the enumeration, if that is below [`COUNT`](Self::COUNT).
    pub fn from_index(index: usize) -> Option<Self> {
        (index < Self::COUNT).then(|| Self::at(index))
    }

    /// Every encoding, by ascending index.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (0..Self::COUNT).map(Self::at)
    }

    /// A uniformly drawn encoding: choices are uniform and independent at all positions. Takes one draw from the stream.
    pub fn sample(stream: &mut Stream) -> Self {
        Self::at(stream.index(Self::COUNT))
    }

    /// The choice at `position`: an index into the [`values`](Decision::values) of its decision.
    ///
    /// # Panics
    /// If there is no such position.
    pub fn choice(self, position: usize) -> usize {
        self.index() / Self::WEIGHTS[position] % F::DECISIONS[position / STAGES].values.len()
    }

    /// The same encoding with another choice at `position`.
    ///
    /// # Panics
    /// If there is no such position or no such choice.
    #[must_use]
    pub fn with(self, position: usize, choice: usize) -> Self {
        let values = F::DECISIONS[position / STAGES].values.len();
        assert!(choice < values, "choice {choice} at position {position}, which has {values}");
        let weight = Self::WEIGHTS[position];
        Self::at(self.index() - self.choice(position) * weight + choice * weight)
    }

    /// The encodings that differ at exactly one position, by position and then by choice.
    pub fn neighbours(self) -> Vec<Self> {
        let others = |position: usize| 0..F::DECISIONS[position / STAGES].values.len() - 1;
        let pairs = (0..Self::POSITIONS).flat_map(|position| others(position).map(move |other| (position, other)));
        pairs.map(|(position, other)| self.replaced(position, other)).collect()
    }

    /// Replaces the choice at a uniformly drawn position by a uniformly drawn other one, as the paper's code does. So a neighbour at a
    /// position with few values is drawn more often than one at a position with many. Takes two draws from the stream.
    #[must_use]
    pub fn mutate(self, stream: &mut Stream) -> Self {
        let position = stream.index(Self::POSITIONS);
        self.replaced(position, stream.index(F::DECISIONS[position / STAGES].values.len() - 1))
    }

    /// This encoding with choice number `other` (from 0) of those that `position` does not have.
    fn replaced(self, position: usize, other: usize) -> Self {
        let current = self.choice(position);
        self.with(position, if other < current { other } else { other + 1 })
    }

    /// The representative of all encodings that build the same network: this one, since no other does.
    #[must_use]
    pub const fn canonical(self) -> Self {
        self
    }

    /// The values of decision number `decision` (from 0) by stage.
    ///
    /// # Panics
    /// If there is no such decision.
    pub fn values(self, decision: usize) -> [u16; STAGES] {
        std::array::from_fn(|stage| F::DECISIONS[decision].values[self.choice(decision * STAGES + stage)])
    }

    /// Number of residual blocks of each stage.
    pub fn depths(self) -> [usize; STAGES] {
        self.values(0).map(usize::from)
    }

    /// Number of residual blocks of the whole network.
    pub fn depth(self) -> usize {
        self.depths().iter().sum()
    }

    /// Output channels of the blocks of each stage.
    pub fn widths(self) -> [usize; STAGES] {
        self.values(1).map(usize::from)
    }

    /// The stages, from first to last.
    pub fn stages(self) -> [Stage; STAGES] {
        std::array::from_fn(|stage| {
            let mut values = [0; MAX_DECISIONS];
            for (place, (value, decision)) in values.iter_mut().zip(F::DECISIONS).enumerate() {
                *value = usize::from(decision.values[self.choice(place * STAGES + stage)]);
            }
            F::stage(values)
        })
    }
}

#[cfg(test)]
mod tests;
