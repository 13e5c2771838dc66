//! Two network design spaces for CIFAR-10 (Radosavovic et al., "On Network Design Spaces for Visual Recognition", ICCV 2019):
//! [`resnet`] and [`resnext_a`].
//!
//! A network is a stem, three stages of residual blocks and a classifier. The same few things are decided for each stage,
//! independently of the other stages: how many blocks it has and how wide they are, in ResNeXt-A also the bottleneck's ratio and the
//! groups of its 3×3 convolution. A [`Family`] lists these decisions and their values; everything else about an
//! [`Architecture`] (text, enumeration, mutation, census) is one code for both families.
//!
//! A *decision* is what is decided, a *position* a decision at a stage, a *choice* the place of the value in the decision's list.
//! Positions are ordered by decision, then by stage, in the text, in the index and in the tables.
//!
//! Nothing here is isomorphic to anything else: the canonical form of an encoding is the encoding. A network's stages can be told by
//! their strides, and then the number of blocks, their width, the width inside them and the shape of the grouped weight give back
//! every decision, so no two encodings build the same network. (The paper does not treat isomorphism here either.)

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

/// Stages of a network.
pub const STAGES: usize = 3;

/// Strides of the first block of each stage. Every other block has stride 1.
pub const STRIDES: [usize; STAGES] = [1, 2, 2];

mod sealed {
    /// Families are those of this module.
    pub trait Sealed {}
}

/// One of the two spaces, as a type without values.
pub trait Family: sealed::Sealed + Copy + Debug + Ord + Hash + Send + Sync + 'static {
    /// The name of the space in specs and records.
    const NAME: &'static str;
    /// Version of the space's definitions, part of every spec hash.
    const VERSION: u32;
    /// What is decided for each stage: depth, width, then what the family has more, at most four.
    const DECISIONS: &'static [Decision];

    /// The stage that one value of each decision describes; values of decisions that the family lacks are 0.
    fn stage(values: [usize; 4]) -> Stage;
}

/// An encoding: a value of each decision for each stage. Ordered as [`index`](Self::index).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "")]
pub struct Architecture<F: Family> {
    index: u32,
    family: PhantomData<F>,
}

impl<F: Family> Architecture<F> {
    /// Encodings of the space.
    pub const COUNT: usize = decision::count(F::DECISIONS);

    /// Positions of an encoding: decisions times stages.
    pub const POSITIONS: usize = F::DECISIONS.len() * STAGES;

    /// Encodings that differ from a given one at exactly one position.
    pub const NEIGHBOURS: usize = decision::neighbours(F::DECISIONS);

    /// The encoding of the smallest values, whose index is 0.
    pub const FIRST: Self = Self::at(0);

    /// The encoding of the greatest values, whose index is the last.
    pub const LAST: Self = Self::at(Self::COUNT - 1);

    /// What a choice at each position adds to the index.
    const WEIGHTS: [usize; MAX_POSITIONS] = decision::weights(F::DECISIONS);

    /// The architecture at `index`, which is below [`COUNT`](Self::COUNT).
    const fn at(index: usize) -> Self {
        Self { index: index as u32, family: PhantomData }
    }

    /// The place in the enumeration, below [`COUNT`](Self::COUNT): the choices as digits, each in a base as large as its decision has
    /// values, the first position's the greatest.
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

    /// A uniformly drawn encoding, which is a uniform and independent draw at each position. One draw from the stream.
    pub fn sample(stream: &mut Stream) -> Self {
        Self::at(stream.index(Self::COUNT))
    }

    /// The choice at `position`: a place in its decision's [`values`](Decision::values).
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

    /// Changes the choice at a uniformly drawn position to a uniformly drawn other one, as the paper's code does. Neighbours at
    /// positions with few values are drawn more often than those at positions with many. Two draws from the stream.
    #[must_use]
    pub fn mutate(self, stream: &mut Stream) -> Self {
        let position = stream.index(Self::POSITIONS);
        self.replaced(position, stream.index(F::DECISIONS[position / STAGES].values.len() - 1))
    }

    /// This encoding with the `other`-th (from 0) of the choices that `position` does not have.
    fn replaced(self, position: usize, other: usize) -> Self {
        let current = self.choice(position);
        self.with(position, if other < current { other } else { other + 1 })
    }

    /// The encoding that stands for all that build the same network: this one, since no other does.
    #[must_use]
    pub const fn canonical(self) -> Self {
        self
    }

    /// The values of the `decision`-th decision (from 0) by stage.
    ///
    /// # Panics
    /// If there is no such decision.
    pub fn values(self, decision: usize) -> [u16; STAGES] {
        std::array::from_fn(|stage| F::DECISIONS[decision].values[self.choice(decision * STAGES + stage)])
    }

    /// Residual blocks by stage.
    pub fn depths(self) -> [usize; STAGES] {
        self.values(0).map(usize::from)
    }

    /// Residual blocks of the whole network.
    pub fn depth(self) -> usize {
        self.depths().iter().sum()
    }

    /// Channels that the blocks put out, by stage.
    pub fn widths(self) -> [usize; STAGES] {
        self.values(1).map(usize::from)
    }

    /// The stages, in the order in which an image passes them.
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
