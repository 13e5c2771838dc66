//! Noise instead of images: it shows how an estimator scores without data.

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::ImageError;
use super::set::{Batch, CHANNELS, Normalisation, images_tensor};
use nas_assay_base::seed::Seed;

/// The distribution of a noise input's values, all independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// Standard normal values, used without normalisation.
    Gaussian,
    /// Pixels uniform in `[0, 1)`, normalised as an image would be.
    Uniform,
}

impl Noise {
    /// A batch of `count` noise images of `side` x `side` pixels, with labels uniform over `classes`.
    ///
    /// Image `i` depends on `seed` and `i` alone, so a larger batch begins with the smaller one. Values are drawn in double precision and
    /// rounded to single precision; a double-precision batch holds exactly the single-precision numbers.
    ///
    /// # Errors
    /// [`ImageError::Precision`] for a type other than F32 and F64, [`ImageError::Tensor`] if the device fails.
    ///
    /// # Panics
    /// If `classes` is zero.
    pub fn batch(
        self,
        seed: &Seed,
        (count, side): (usize, usize),
        classes: usize,
        normalisation: Normalisation,
        dtype: DType,
        device: &Device,
    ) -> Result<Batch, ImageError> {
        let mut values = Vec::with_capacity(count * CHANNELS * side * side);
        let mut labels = Vec::with_capacity(count);
        for image in 0..count {
            let mut stream = seed.index("image", image as u64).stream();
            labels.push(stream.below(classes as u64) as u32);
            for channel in 0..CHANNELS {
                values.extend((0..side * side).map(|_| match self {
                    Self::Gaussian => stream.normal() as f32,
                    Self::Uniform => normalisation.apply(channel, stream.unit()) as f32,
                }));
            }
        }
        Ok(Batch {
            images: images_tensor(values, count, side, dtype, device)?,
            labels: Tensor::from_vec(labels, count, device)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 32;
    const IMAGE: usize = CHANNELS * SIDE * SIDE;

    fn batch(noise: Noise, count: usize, dtype: DType) -> Batch {
        let normalisation = Normalisation::CIFAR10;
        noise.batch(&Seed::root(20), (count, SIDE), 10, normalisation, dtype, &Device::Cpu).unwrap()
    }

    fn values(batch: &Batch) -> Vec<f64> {
        batch.images.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_larger_batch_begins_with_the_smaller() {
        for noise in [Noise::Gaussian, Noise::Uniform] {
            let (small, large) = (batch(noise, 2, DType::F32), batch(noise, 3, DType::F32));
            assert_eq!(values(&small), values(&large)[..2 * IMAGE]);
            assert_eq!(values(&small), values(&batch(noise, 2, DType::F64)));
            let labels = |batch: &Batch| batch.labels.to_vec1::<u32>().unwrap();
            assert_eq!(labels(&small), labels(&large)[..2]);
        }
    }

    /// Of 1,200 labels each of four classes is expected 300 times with a deviation of 15.
    #[test]
    fn labels_name_every_class_equally_often() {
        for noise in [Noise::Gaussian, Noise::Uniform] {
            let (seed, device) = (Seed::root(20), &Device::Cpu);
            let batch = noise.batch(&seed, (1_200, 2), 4, Normalisation::CIFAR10, DType::F32, device).unwrap();
            let mut counts = [0_usize; 4];
            for label in batch.labels.to_vec1::<u32>().unwrap() {
                counts[label as usize] += 1;
            }
            assert!(counts.iter().all(|count| count.abs_diff(300) < 75), "{counts:?}");
        }
    }

    #[test]
    fn the_distributions_have_their_moments() {
        let moments = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (mean, values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / values.len() as f64)
        };
        let (mean, variance) = moments(&values(&batch(Noise::Gaussian, 16, DType::F32)));
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean}, {variance}");
        let uniform = values(&batch(Noise::Uniform, 16, DType::F32));
        let green: Vec<f64> = uniform.chunks_exact(SIDE * SIDE).skip(1).step_by(CHANNELS).flatten().copied().collect();
        let (mean, variance) = moments(&green);
        let (expected_mean, expected_variance) = ((0.5 - 0.4822) / 0.2435, 1.0 / 12.0 / (0.2435 * 0.2435));
        assert!((mean - expected_mean).abs() < 0.04, "{mean} is not {expected_mean}");
        assert!((variance - expected_variance).abs() < 0.03, "{variance} is not {expected_variance}");
    }
}
