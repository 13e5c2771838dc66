//! The batches of an epoch.

use std::ops::Range;

use candle_core::{DType, Device};
use nas_assay_kernels::gpu::{Change, ImageOrder, ResidentImages};

use super::{Augmentation, Batch, ImageError, ImageSet};

/// Gives a set's images batch by batch, in the order of each epoch. On a GPU the images stay in its memory: only the order is sent.
#[derive(Debug)]
pub struct Feeder<'a> {
    images: &'a ImageSet,
    dtype: DType,
    device: &'a Device,
    resident: Option<ResidentImages>,
}

/// The order of one epoch.
#[derive(Debug)]
pub struct EpochOrder {
    indices: Vec<usize>,
    changes: Option<Vec<Augmentation>>,
    on_gpu: Option<ImageOrder>,
}

impl<'a> Feeder<'a> {
    /// Batches of `images` on `device`, of numbers of the type `dtype`.
    ///
    /// # Errors
    /// If the device has no room for the images.
    pub fn new(images: &'a ImageSet, dtype: DType, device: &'a Device) -> Result<Self, ImageError> {
        let tables = images.normalisation().tables();
        let resident = ResidentImages::on(device, images.pixels(), &tables, images.labels(), images.side())?;
        Ok(Self { images, dtype, device, resident })
    }

    /// Prepares the images at `indices`, in that order, each changed by its own augmentation if there are any.
    ///
    /// # Errors
    /// Those of [`ImageSet::batch`].
    pub fn order(&self, indices: Vec<usize>, changes: Option<Vec<Augmentation>>) -> Result<EpochOrder, ImageError> {
        let as_told =
            |changes: &Vec<Augmentation>| changes.iter().map(|&change| change.into()).collect::<Vec<Change>>();
        let on_gpu = match &self.resident {
            Some(resident) => Some(resident.order(&indices, changes.as_ref().map(as_told).as_deref())?),
            None => None,
        };
        Ok(EpochOrder { indices, changes, on_gpu })
    }

    /// The images at these places of an order.
    ///
    /// # Errors
    /// Those of [`ImageSet::batch`].
    ///
    /// # Panics
    /// If the order has no such places.
    pub fn batch(&self, order: &EpochOrder, places: Range<usize>) -> Result<Batch, ImageError> {
        if let (Some(resident), Some(on_gpu)) = (&self.resident, &order.on_gpu) {
            let (images, labels) = resident.batch(on_gpu, places, self.dtype)?;
            return Ok(Batch { images, labels });
        }
        let changes = order.changes.as_ref().map(|changes| &changes[places.clone()]);
        self.images.batch(&order.indices[places], changes, self.dtype, self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Augmenter, synthetic};
    use super::*;
    use nas_assay_base::seed::Seed;
    use nas_assay_kernels::{host_f64, on_each_device};

    on_each_device!(batches_are_those_of_the_set);

    fn batches_are_those_of_the_set(device: &Device) {
        let images = synthetic::draw(&Seed::root(3), "train", 23, 16).unwrap();
        let indices = Seed::root(4).stream().permutation(23);
        let changes = Augmenter::new(Seed::root(5)).draws(1, &indices);
        for dtype in [DType::F32, DType::F64] {
            let feeder = Feeder::new(&images, dtype, device).unwrap();
            for changes in [None, Some(changes.clone())] {
                let order = feeder.order(indices.clone(), changes.clone()).unwrap();
                for places in [0..10, 10..20, 20..23] {
                    let found = feeder.batch(&order, places.clone()).unwrap();
                    let own = changes.as_ref().map(|changes| &changes[places.clone()]);
                    let expected = images.batch(&indices[places], own, dtype, &Device::Cpu).unwrap();
                    assert_eq!(found.images.dims(), expected.images.dims());
                    assert_eq!(host_f64(&found.images).unwrap(), host_f64(&expected.images).unwrap());
                    assert_eq!(found.labels.to_vec1::<u32>().unwrap(), expected.labels.to_vec1::<u32>().unwrap());
                }
            }
        }
    }
}
