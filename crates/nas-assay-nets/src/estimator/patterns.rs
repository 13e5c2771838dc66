//! Which elements every ReLU let through, as bits.

use candle_core::{Result, Tensor};

/// One bit for every image and ReLU element: whether the ReLU's input was above zero.
///
/// ReLUs follow one another in the order of execution; each starts at a fresh 64-bit word, whose unused bits are zero for every
/// image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReluPatterns {
    /// One row of words an image.
    rows: Vec<Vec<u64>>,
    calls: u64,
    elements: u64,
}

impl ReluPatterns {
    /// Adds a ReLU by its input `[n, ...]`; every ReLU must see the same `n` images.
    pub fn push(&mut self, input: &Tensor) -> Result<()> {
        let bits = input.detach().gt(0.0)?.flatten_from(1)?.contiguous()?;
        let (images, elements) = bits.dims2()?;
        if self.calls == 0 {
            self.rows = vec![Vec::new(); images];
        } else if self.rows.len() != images {
            candle_core::bail!("a ReLU saw {images} images where the ones before saw {}", self.rows.len());
        }
        let bits = bits.flatten_all()?.to_vec1::<u8>()?;
        for (row, bits) in self.rows.iter_mut().zip(bits.chunks(elements.max(1))) {
            row.extend(
                bits.chunks(64).map(|word| word.iter().rev().fold(0, |packed, &bit| packed << 1 | u64::from(bit))),
            );
        }
        self.calls += 1;
        self.elements += elements as u64;
        Ok(())
    }

    /// How many images were seen.
    pub fn images(&self) -> usize {
        self.rows.len()
    }

    /// How many ReLUs were executed.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// How many elements they had together, an image.
    pub fn elements(&self) -> u64 {
        self.elements
    }

    /// In how many elements two images differ.
    pub fn hamming(&self, a: usize, b: usize) -> u64 {
        self.rows[a].iter().zip(&self.rows[b]).map(|(x, y)| u64::from((x ^ y).count_ones())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distances_are_those_of_the_unpacked_bits(
            rows in prop::collection::vec(prop::collection::vec(-1i8..=1, 1..150), 1..3),
            other in prop::collection::vec(prop::collection::vec(-1i8..=1, 150), 1..3),
        ) {
            let mut patterns = ReluPatterns::default();
            let (mut expected, mut elements) = (0u64, 0u64);
            for (a, b) in rows.iter().zip(&other) {
                let b = &b[..a.len()];
                let values: Vec<f32> = a.iter().chain(b).map(|&v| f32::from(v)).collect();
                patterns.push(&Tensor::from_vec(values, (2, a.len()), &Device::Cpu).unwrap()).unwrap();
                expected += a.iter().zip(b).filter(|(x, y)| (**x > 0) != (**y > 0)).count() as u64;
                elements += a.len() as u64;
            }
            prop_assert_eq!(patterns.hamming(0, 1), expected);
            prop_assert_eq!(patterns.hamming(1, 1), 0);
            prop_assert_eq!(patterns.elements(), elements);
        }
    }

    #[test]
    fn batches_of_two_sizes_do_not_mix() {
        let ones = |n: usize| Tensor::ones((n, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        let mut patterns = ReluPatterns::default();
        patterns.push(&ones(2)).unwrap();
        assert!(patterns.push(&ones(3)).is_err());
        assert_eq!((patterns.images(), patterns.calls()), (2, 1));
    }
}
