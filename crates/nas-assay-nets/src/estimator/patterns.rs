//! The sign patterns of ReLU inputs, as bits.

use candle_core::{DType, Result, Tensor};

/// One bit for every image and element of a ReLU: whether the input of the ReLU is above zero.
///
/// ReLUs are stored in the order of execution. Each starts at a new 64-bit word; the unused bits of its last word are zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReluPatterns {
    /// One row of words per image.
    rows: Vec<Vec<u64>>,
    calls: u64,
    elements: u64,
}

impl ReluPatterns {
    /// Adds the input `[n, ...]` of a ReLU.
    ///
    /// # Errors
    /// If `n` is not the same for all ReLUs, or an operation fails.
    pub fn push(&mut self, input: &Tensor) -> Result<()> {
        let input = input.detach().flatten_from(1)?;
        let (images, elements) = input.dims2()?;
        if self.calls == 0 {
            self.rows = vec![Vec::new(); images];
        } else if self.rows.len() != images {
            candle_core::bail!("a ReLU has {images} images, but the ReLUs before had {}", self.rows.len());
        }
        let rows = &mut self.rows;
        match (input.device().is_cpu(), input.dtype()) {
            (true, DType::F32) => pack(rows, elements, &input.flatten_all()?.to_vec1::<f32>()?, |x| x > 0.0),
            (true, DType::F64) => pack(rows, elements, &input.flatten_all()?.to_vec1::<f64>()?, |x| x > 0.0),
            // A byte is copied from the device for each number.
            _ => pack(rows, elements, &input.gt(0.0)?.flatten_all()?.to_vec1::<u8>()?, |bit| bit > 0),
        }
        self.calls += 1;
        self.elements += elements as u64;
        Ok(())
    }

    /// The words of each image. Images with equal words have the same pattern.
    pub(super) fn into_rows(self) -> Vec<Vec<u64>> {
        self.rows
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.rows.len()
    }

    /// Number of executed ReLUs.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Number of elements of all ReLUs together, per image.
    pub fn elements(&self) -> u64 {
        self.elements
    }

    /// Number of elements in which the patterns of two images differ.
    pub fn hamming(&self, a: usize, b: usize) -> u64 {
        self.rows[a].iter().zip(&self.rows[b]).map(|(x, y)| u64::from((x ^ y).count_ones())).sum()
    }
}

/// Adds a bit for each number of an image to its row, from the lowest bit of a word on.
fn pack<T: Copy>(rows: &mut [Vec<u64>], elements: usize, values: &[T], is_above: impl Fn(T) -> bool) {
    for (row, values) in rows.iter_mut().zip(values.chunks(elements.max(1))) {
        row.extend(values.chunks(64).map(|word| {
            // Comparisons side by side, and then eight of them at once, are many times as fast as bit by bit.
            let mut bytes = [0_u8; 64];
            bytes.iter_mut().zip(word).for_each(|(byte, &value)| *byte = u8::from(is_above(value)));
            let (eights, _) = bytes.as_chunks::<8>();
            eights.iter().rev().fold(0, |packed, eight| packed << 8 | lowest_bits(*eight))
        }));
    }
}

/// The lowest bits of eight bytes that are 0 or 1, the first byte's lowest. The product moves bit `8 i` to place `56 + i`; no two of its
/// terms share a place, so nothing is carried.
fn lowest_bits(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56
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
    fn each_of_eight_bytes_has_its_bit() {
        for word in 0..=u8::MAX {
            let bytes = std::array::from_fn(|place| word >> place & 1);
            assert_eq!(lowest_bits(bytes), u64::from(word));
        }
    }

    #[test]
    fn batches_of_two_sizes_do_not_mix() {
        let ones = |n: usize| Tensor::ones((n, 3), DType::F32, &Device::Cpu).unwrap();
        let mut patterns = ReluPatterns::default();
        patterns.push(&ones(2)).unwrap();
        assert!(patterns.push(&ones(3)).is_err());
        assert_eq!((patterns.images(), patterns.calls()), (2, 1));
    }
}
