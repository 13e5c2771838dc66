//! Labelled images in memory, and batches of them as tensors.

use std::ops::Range;

use candle_core::{DType, Device, Tensor};
use sha2::{Digest, Sha256};

use super::{Augmentation, ImageError};

/// Colour channels of an image: red, green, blue.
pub const CHANNELS: usize = 3;

/// Maps an 8-bit pixel `p` of a channel to a network's input: `(p / 255 - mean) / deviation`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// Mean of each channel over the training images, in units of full brightness.
    pub mean: [f64; CHANNELS],
    /// Standard deviation of each channel over the training images, in units of full brightness.
    pub deviation: [f64; CHANNELS],
}

impl Normalisation {
    /// The usual constants for CIFAR-10.
    pub const CIFAR10: Self = Self { mean: [0.4914, 0.4822, 0.4465], deviation: [0.2470, 0.2435, 0.2616] };

    /// Those of NAS-Bench-201 for CIFAR-100.
    pub const CIFAR100: Self = Self {
        mean: [129.3 / 255.0, 124.1 / 255.0, 112.4 / 255.0],
        deviation: [68.2 / 255.0, 65.4 / 255.0, 70.4 / 255.0],
    };

    /// Those of NAS-Bench-201 for ImageNet16-120.
    pub const IMAGENET16: Self = Self {
        mean: [122.68 / 255.0, 116.66 / 255.0, 104.01 / 255.0],
        deviation: [63.22 / 255.0, 61.26 / 255.0, 65.09 / 255.0],
    };

    /// The normalised value in `channel` of a brightness in `[0, 1]`.
    pub fn apply(&self, channel: usize, value: f64) -> f64 {
        (value - self.mean[channel]) / self.deviation[channel]
    }

    /// The normalised value of every 8-bit pixel in every channel, computed in double precision and rounded once.
    pub(super) fn tables(&self) -> [[f32; 256]; CHANNELS] {
        std::array::from_fn(|channel| {
            std::array::from_fn(|pixel| self.apply(channel, pixel as f64 / f64::from(u8::MAX)) as f32)
        })
    }
}

/// Inputs of a network and the classes that they belong to.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Normalised images, `[batch, channel, height, width]`, F32 or F64.
    pub images: Tensor,
    /// Classes, `[batch]`, U32.
    pub labels: Tensor,
}

/// Labelled square colour images of one source and one size, in a fixed order.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSet {
    name: String,
    /// Height and width of an image, pixels.
    side: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
    classes: usize,
    normalisation: Normalisation,
}

impl ImageSet {
    /// A set of the images in `pixels`: for each, the red, the green and the blue plane of `side` x `side` bytes, row by row.
    ///
    /// # Errors
    /// [`ImageError::Ragged`] if the numbers of pixels and labels do not fit each other, [`ImageError::Empty`] if there are none,
    /// [`ImageError::Label`] if a label is not below `classes`.
    pub fn new(
        name: impl Into<String>,
        side: usize,
        pixels: Vec<u8>,
        labels: Vec<u8>,
        classes: usize,
        normalisation: Normalisation,
    ) -> Result<Self, ImageError> {
        let name = name.into();
        if pixels.len() != labels.len() * CHANNELS * side * side {
            return Err(ImageError::Ragged { set: name, pixels: pixels.len(), labels: labels.len() });
        }
        if labels.is_empty() {
            return Err(ImageError::Empty { file: name });
        }
        if let Some((image, &label)) = labels.iter().enumerate().find(|&(_, &label)| usize::from(label) >= classes) {
            return Err(ImageError::Label { set: name, image, label, classes });
        }
        Ok(Self { name, side, pixels, labels, classes, normalisation })
    }

    /// The name of the set in records and messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Height and width of an image, pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Bytes of an image.
    fn bytes(&self) -> usize {
        CHANNELS * self.side * self.side
    }

    /// Number of images, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The class of each image.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The planes of all images, one after another.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The three planes of image `index`.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.bytes()..(index + 1) * self.bytes()]
    }

    /// The constants that [`ImageSet::batch`] normalises by.
    pub fn normalisation(&self) -> Normalisation {
        self.normalisation
    }

    /// SHA-256, in lowercase hexadecimal, of everything that a network sees: pixels, labels, classes and normalisation, not the name.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new_with_prefix(b"nas-assay images v2");
        hash.update((self.classes as u64).to_le_bytes());
        for constant in self.normalisation.mean.iter().chain(&self.normalisation.deviation) {
            hash.update(constant.to_bits().to_le_bytes());
        }
        hash.update((self.len() as u64).to_le_bytes());
        hash.update((self.side as u64).to_le_bytes());
        hash.update(&self.labels);
        hash.update(&self.pixels);
        format!("{:x}", hash.finalize())
    }

    /// The images of `range` as a set of their own.
    ///
    /// # Errors
    /// [`ImageError::Range`] if the set does not have them all, [`ImageError::Empty`] if the range is empty.
    pub fn range(&self, range: Range<usize>) -> Result<Self, ImageError> {
        let Range { start, end } = range;
        if start > end || end > self.len() {
            return Err(ImageError::Range { set: self.name.clone(), start, end, len: self.len() });
        }
        Self::new(
            format!("{}[{start}..{end}]", self.name),
            self.side,
            self.pixels[start * self.bytes()..end * self.bytes()].to_vec(),
            self.labels[start..end].to_vec(),
            self.classes,
            self.normalisation,
        )
    }

    /// The first `count` images.
    ///
    /// # Errors
    /// Those of [`ImageSet::range`].
    pub fn first(&self, count: usize) -> Result<Self, ImageError> {
        self.range(0..count)
    }

    /// The last `count` images.
    ///
    /// # Errors
    /// Those of [`ImageSet::range`].
    pub fn last(&self, count: usize) -> Result<Self, ImageError> {
        match self.len().checked_sub(count) {
            Some(start) => self.range(start..self.len()),
            None => Err(ImageError::Range { set: self.name.clone(), start: 0, end: count, len: self.len() }),
        }
    }

    /// The images at `indices`, in that order, normalised. If augmentations are given, each image is changed by its own.
    ///
    /// A double-precision batch holds exactly the single-precision numbers.
    ///
    /// # Errors
    /// [`ImageError::Range`] for an index that the set does not have, [`ImageError::Augmentations`] if there is not one for each
    /// image, [`ImageError::Precision`] for a type other than F32 and F64, [`ImageError::Tensor`] if the device fails.
    pub fn batch(
        &self,
        indices: &[usize],
        augmentations: Option<&[Augmentation]>,
        dtype: DType,
        device: &Device,
    ) -> Result<Batch, ImageError> {
        if let Some(augmentations) = augmentations.filter(|given| given.len() != indices.len()) {
            return Err(ImageError::Augmentations { augmentations: augmentations.len(), images: indices.len() });
        }
        if let Some(&index) = indices.iter().find(|&&index| index >= self.len()) {
            return Err(ImageError::Range { set: self.name.clone(), start: index, end: index + 1, len: self.len() });
        }
        let tables = self.normalisation.tables();
        let mut values = Vec::with_capacity(indices.len() * self.bytes());
        for (position, &index) in indices.iter().enumerate() {
            let augmentation = augmentations.map_or(Augmentation::NONE, |given| given[position]);
            for (plane, table) in self.image(index).chunks_exact(self.side * self.side).zip(&tables) {
                augmentation.for_each_pixel(plane, self.side, |pixel| values.push(table[usize::from(pixel)]));
            }
        }
        let labels = indices.iter().map(|&index| u32::from(self.labels[index])).collect();
        Ok(Batch {
            images: images_tensor(values, indices.len(), self.side, dtype, device)?,
            labels: Tensor::from_vec(labels, indices.len(), device)?,
        })
    }
}

/// `values` as `[count, 3, side, side]` in the wanted precision.
pub(super) fn images_tensor(
    values: Vec<f32>,
    count: usize,
    side: usize,
    dtype: DType,
    device: &Device,
) -> Result<Tensor, ImageError> {
    let shape = (count, CHANNELS, side, side);
    match dtype {
        DType::F32 => Ok(Tensor::from_vec(values, shape, device)?),
        DType::F64 => Ok(Tensor::from_vec(values.into_iter().map(f64::from).collect::<Vec<_>>(), shape, device)?),
        other => Err(ImageError::Precision(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 32;
    const PLANE: usize = SIDE * SIDE;
    const IMAGE: usize = CHANNELS * PLANE;

    /// Images that all differ: image `i` starts with the value `i`, and each pixel is one more than the last.
    fn set(count: usize) -> ImageSet {
        let pixels = (0..count).flat_map(|image| (0..IMAGE).map(move |pixel| ((image + pixel) % 256) as u8)).collect();
        let labels = (0..count).map(|image| (image % 3) as u8).collect();
        ImageSet::new("ramps", SIDE, pixels, labels, 3, Normalisation::CIFAR10).unwrap()
    }

    fn values(set: &ImageSet, indices: &[usize], augmentations: Option<&[Augmentation]>) -> Vec<f32> {
        let batch = set.batch(indices, augmentations, DType::F32, &Device::Cpu).unwrap();
        batch.images.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn pixels_are_normalised_in_place_and_order() {
        let set = set(5);
        let batch = set.batch(&[4, 1], None, DType::F32, &Device::Cpu).unwrap();
        assert_eq!(batch.images.dims(), [2, 3, 32, 32]);
        assert_eq!(batch.labels.to_vec1::<u32>().unwrap(), [1, 1]);
        let values = values(&set, &[4, 1], None);
        for (image, channel, pixel) in [(4usize, 0usize, 0usize), (4, 2, 1023), (1, 1, 77)] {
            let raw = ((image + channel * PLANE + pixel) % 256) as f64 / 255.0;
            let (mean, deviation) = ([0.4914, 0.4822, 0.4465][channel], [0.2470, 0.2435, 0.2616][channel]);
            let position = if image == 4 { 0 } else { IMAGE } + channel * PLANE + pixel;
            assert_eq!(values[position], ((raw - mean) / deviation) as f32);
        }
    }

    #[test]
    fn double_precision_widens_single_precision() {
        let set = set(2);
        let double = set.batch(&[0, 1], None, DType::F64, &Device::Cpu).unwrap().images;
        let double = double.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        assert_eq!(double, values(&set, &[0, 1], None).into_iter().map(f64::from).collect::<Vec<_>>());
        assert!(matches!(set.batch(&[0], None, DType::F16, &Device::Cpu), Err(ImageError::Precision(DType::F16))));
    }

    #[test]
    fn slices_keep_images_and_labels_together() {
        let set = set(7);
        let (first, last) = (set.first(3).unwrap(), set.last(2).unwrap());
        assert_eq!((first.image(2), first.labels()[2]), (set.image(2), set.labels()[2]));
        assert_eq!((last.image(0), last.labels()[0]), (set.image(5), set.labels()[5]));
        assert_eq!((first.name(), last.name()), ("ramps[0..3]", "ramps[5..7]"));
        assert_eq!(set.range(0..7).unwrap().digest(), set.digest(), "the digest does not cover the name");
        assert!(matches!(set.first(8), Err(ImageError::Range { end: 8, len: 7, .. })));
        assert!(matches!(set.last(8), Err(ImageError::Range { end: 8, len: 7, .. })));
        assert!(matches!(set.first(0), Err(ImageError::Empty { .. })));
    }

    #[test]
    fn the_digest_covers_all_that_a_network_sees() {
        let set = set(3);
        let other = |change: &dyn Fn(&mut ImageSet)| {
            let mut other = set.clone();
            change(&mut other);
            other.digest()
        };
        let changed = [
            other(&|set| set.pixels[IMAGE] ^= 1),
            other(&|set| set.labels[2] = 0),
            other(&|set| set.classes = 4),
            other(&|set| set.normalisation.mean[1] += 1e-9),
        ];
        assert!(changed.iter().all(|digest| *digest != set.digest()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let new = |pixels, labels, classes| ImageSet::new("x", SIDE, pixels, labels, classes, Normalisation::CIFAR10);
        assert!(matches!(new(vec![0; IMAGE + 1], vec![0], 10), Err(ImageError::Ragged { .. })));
        assert!(matches!(new(vec![], vec![], 10), Err(ImageError::Empty { .. })));
        let label = new(vec![0; 2 * IMAGE], vec![9, 10], 10);
        assert!(matches!(label, Err(ImageError::Label { image: 1, label: 10, .. })));
        let set = set(2);
        assert!(matches!(set.batch(&[2], None, DType::F32, &Device::Cpu), Err(ImageError::Range { start: 2, .. })));
        let one = [Augmentation::NONE];
        let batch = set.batch(&[0, 1], Some(&one), DType::F32, &Device::Cpu);
        assert!(matches!(batch, Err(ImageError::Augmentations { augmentations: 1, images: 2 })));
    }

    #[test]
    fn each_image_has_its_own_augmentation() {
        let set = set(40);
        let augmenter = crate::images::Augmenter::new(nas_assay_base::seed::Seed::root(1));
        let indices: Vec<usize> = (0..40).collect();
        let together = values(&set, &indices, Some(&augmenter.draws(3, &indices)));
        let alone = indices.iter().flat_map(|&index| values(&set, &[index], Some(&[augmenter.draw(3, index)])));
        assert_eq!(together, alone.collect::<Vec<_>>());
    }
}
