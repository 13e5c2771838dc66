//! A tree of named random streams.
//!
//! Every random number of an experiment comes from here. A node of the tree is a 32-byte key, and the key of a child is the SHA-256 of
//! its parent's key and a label. So an extra draw in one place changes nothing elsewhere, and the order in which children are created
//! does not matter. [`Seed::stream`] is the ChaCha20 generator with the key of a node.
//!
//! Uniform floats are exact multiples of 2⁻⁵³, and normal deviates use `libm` instead of the system's math library. A stream therefore
//! has the same bits on every machine.
//!
//! ```
//! use nas_assay_base::seed::Seed;
//!
//! let root = Seed::root(20);
//! let mut stream = root.child("weights").index("epoch", 3).stream();
//! let first = stream.next_u64();
//!
//! // The same names give the same numbers, whatever was drawn elsewhere in between.
//! root.child("images").stream().shuffle(&mut [1, 2, 3]);
//! assert_eq!(root.child("weights").index("epoch", 3).stream().next_u64(), first);
//! ```

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A node of the seed tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed([u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seed({:02x}{:02x}{:02x}{:02x}..)", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

impl Seed {
    /// The root of the tree for a seed, such as the one that a spec declares.
    pub fn root(seed: u64) -> Self {
        Self(Sha256::new().chain_update(b"nas-assay seed v1").chain_update(seed.to_le_bytes()).finalize().into())
    }

    /// The child named `label`.
    #[must_use]
    pub fn child(&self, label: &str) -> Self {
        let length = (label.len() as u64).to_le_bytes();
        Self(Sha256::new().chain_update(self.0).chain_update(length).chain_update(label).finalize().into())
    }

    /// Child number `index` of the family named `label`, such as one of many epochs.
    #[must_use]
    pub fn index(&self, label: &str, index: u64) -> Self {
        let length = (label.len() as u64).to_le_bytes();
        let hash = Sha256::new().chain_update(self.0).chain_update(length).chain_update(label);
        Self(hash.chain_update(index.to_le_bytes()).finalize().into())
    }

    /// The random numbers of this node. Every call starts again at the first number.
    pub fn stream(&self) -> Stream {
        Stream { rng: ChaCha20Rng::from_seed(self.0) }
    }
}

/// The random numbers of one node.
#[derive(Clone, Debug)]
pub struct Stream {
    rng: ChaCha20Rng,
}

impl Stream {
    /// A uniform 64-bit integer.
    pub fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// A uniform integer in `0..bound`, without bias (rejection, Lemire 2019).
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "below(0): there is no integer to draw");
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(bound);
            if wide as u64 >= threshold {
                return (wide >> 64) as u64;
            }
        }
    }

    /// A uniform index into a collection of `len` elements.
    ///
    /// # Panics
    /// If `len` is zero.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A uniform float in `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A standard normal deviate (Box–Muller; two uniform draws give one deviate).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        radius * libm::cos(2.0 * std::f64::consts::PI * self.unit())
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    /// `0..len` in random order.
    pub fn permutation(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        self.shuffle(&mut order);
        order
    }

    /// `count` distinct random indices below `len`, in ascending order; all of them if `count` is `len` or more.
    pub fn choose(&mut self, len: usize, count: usize) -> Vec<usize> {
        let mut order = self.permutation(len);
        order.truncate(count);
        order.sort_unstable();
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn streams_are_pinned() {
        let mut stream = Seed::root(20).child("weights").index("epoch", 3).stream();
        let drawn = [stream.next_u64(), stream.below(1000), stream.unit().to_bits(), stream.normal().to_bits()];
        insta::assert_snapshot!(format!("{drawn:x?}"), @"[30d3bfb82b145195, 25f, 3fe3144fe4990059, c003062fe32e5c57]");
    }

    #[test]
    fn a_label_is_not_its_pieces() {
        let root = Seed::root(1);
        assert_ne!(root.child("ab").child("c"), root.child("a").child("bc"));
        assert_ne!(root.child("a"), root.index("a", 0));
        assert_ne!(root, Seed::root(2));
    }

    #[test]
    fn normal_deviates_have_unit_moments() {
        let mut stream = Seed::root(7).stream();
        let draws: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.015 && (variance - 1.0).abs() < 0.02, "mean {mean}, variance {variance}");
    }

    proptest! {
        #[test]
        fn bounded_draws_stay_in_bounds(seed: u64, bound in 1u64..) {
            let mut stream = Seed::root(seed).stream();
            for _ in 0..16 {
                prop_assert!(stream.below(bound) < bound);
                prop_assert!((0.0..1.0).contains(&stream.unit()));
            }
        }

        #[test]
        fn a_choice_is_distinct_and_ascending(seed: u64, len in 0usize..200, count in 0usize..250) {
            let chosen = Seed::root(seed).stream().choose(len, count);
            prop_assert_eq!(chosen.len(), count.min(len));
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(chosen.iter().all(|&index| index < len));
        }
    }
}
