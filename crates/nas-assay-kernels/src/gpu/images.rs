//! Images that stay on the GPU, and batches of them.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor, bail};

use super::device::Argument;
use super::{Gpu, Grid, count, tensor};

/// Normalised brightness of the 256 values of a pixel, in each of three channels.
pub type Tables = [[f32; 256]; 3];

/// How an image is changed: zero pixels are added on all sides, and a part of the image's own size is cut out and mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Rows of the padded image above the part.
    pub top: u8,
    /// Columns of the padded image left of the part.
    pub left: u8,
    /// Whether the part is mirrored left to right.
    pub flip: bool,
    /// Zero pixels on each side.
    pub padding: u8,
}

impl Change {
    fn packed(self) -> u32 {
        u32::from_le_bytes([self.top, self.left, u8::from(self.flip), self.padding])
    }
}

/// Square colour images of 8 bits and their labels, on a GPU.
#[derive(Debug)]
pub struct ResidentImages {
    pixels: Tensor,
    tables: Tensor,
    labels: Tensor,
    side: u32,
}

/// The order in which images are taken, and how each is changed, on a GPU.
#[derive(Debug)]
pub struct ImageOrder {
    /// For each image of the order its number and its change.
    entries: Tensor,
}

impl ResidentImages {
    /// Uploads images of `side` x `side` pixels, three planes each; nothing for the CPU.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn on(device: &Device, pixels: &[u8], tables: &Tables, labels: &[u8], side: usize) -> Result<Option<Self>> {
        if !device.is_cuda() {
            return Ok(None);
        }
        Ok(Some(Self {
            pixels: Tensor::from_slice(pixels, pixels.len(), device)?,
            tables: Tensor::from_slice(tables.as_flattened(), tables.as_flattened().len(), device)?,
            labels: Tensor::from_slice(labels, labels.len(), device)?,
            side: count(side)?,
        }))
    }

    /// Uploads an order: the numbers of images, and the change of each.
    ///
    /// # Errors
    /// If there is no such image, or not one change for each image.
    pub fn order(&self, images: &[usize], changes: Option<&[Change]>) -> Result<ImageOrder> {
        let total = self.labels.elem_count();
        if images.iter().any(|&image| image >= total) || changes.is_some_and(|changes| changes.len() != images.len()) {
            bail!("an order of {} images does not fit {total} images", images.len());
        }
        let mut entries = Vec::with_capacity(2 * images.len());
        for (place, &image) in images.iter().enumerate() {
            let none = Change { top: 0, left: 0, flip: false, padding: 0 };
            entries.extend([count(image)?, changes.map_or(none, |changes| changes[place]).packed()]);
        }
        Ok(ImageOrder { entries: Tensor::from_vec(entries, 2 * images.len(), self.labels.device())? })
    }

    /// The images at these places of an order, `[n, 3, side, side]`, and their labels, `[n]`.
    ///
    /// # Errors
    /// If the order has no such places.
    pub fn batch(&self, order: &ImageOrder, places: Range<usize>, dtype: DType) -> Result<(Tensor, Tensor)> {
        let Device::Cuda(device) = self.labels.device() else { bail!("the images are not on a GPU") };
        if places.start >= places.end || 2 * places.end > order.entries.elem_count() {
            bail!("an order of {} images has no places {places:?}", order.entries.elem_count() / 2);
        }
        let (gpu, images, side) = (Gpu::of(device)?, places.len(), self.side);
        let n = count(images * 3 * (side * side) as usize)?;
        let (batch, labels) = (gpu.output(dtype, n as usize)?, gpu.output(DType::U32, images)?);
        let raw = |t: &Tensor| {
            let (storage, _) = t.storage_and_layout();
            super::device::byte_address(super::on_gpu(&storage)?)
        };
        let (pixels, tables, own) = (raw(&self.pixels)?, raw(&self.tables)?, raw(&self.labels)?);
        let entries = raw(&order.entries)? + 8 * places.start as u64;
        let arguments: [&dyn Argument; 8] =
            [&pixels, &tables, &own, &entries, &batch.address, &labels.address, &n, &side];
        gpu.launch("batch", dtype, Grid::each(n), &arguments)?;
        let side = side as usize;
        Ok((tensor((batch.memory, (images, 3, side, side).into()))?, tensor((labels.memory, images.into()))?))
    }
}
