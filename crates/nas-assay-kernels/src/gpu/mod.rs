//! The kernels of the CUDA engine.
//!
//! A kernel of this crate has one definition of what it computes and of its gradient, in [`cpu`](crate::cpu), and two implementations of the
//! computation: the CPU's stands there, the GPU's here. So both engines record, differentiate and free in the same way.
//!
//! The GPU's kernels are CUDA C++ (`kernels/*.cuh`), compiled to PTX when the crate is built. They keep these promises:
//!
//! - **The same bits in every run.** The order of every sum depends on shapes alone.
//! - **No waiting.** Nothing is read from the device but what is asked for.
//! - **No uploads,** but the channels that a slice picks one by one.
//!
//! All work on one `CudaDevice` runs on its stream, so kernels run in the order in which they are launched.

pub(crate) mod arena;
mod convolution;
mod copies;
mod device;
mod elementwise;
mod head;
mod images;
mod memory;
mod norm;
mod pool;
mod reduce;
mod training;

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::{CudaDevice, CudaStorage};
use candle_core::{DType, Layout, Result, Shape, Tensor, bail};

pub(crate) use device::{Gpu, Grid, List};
pub use images::{Change, ImageOrder, ResidentImages, Tables};
pub(crate) use memory::{Life, Memory, Output};
pub(crate) use norm::{GpuStatistics, Tracked, differentiate, differentiate_again, given};
pub(crate) use reduce::dot;
pub use training::{EpochResults, TrainingSteps};

/// Threads of a block in kernels that sum; `BLOCK` in the kernels' source.
const BLOCK: u32 = 256;

/// A contiguous input of a kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand<'a> {
    /// Where its first element lies on the device.
    pub address: u64,
    /// The length of each dimension.
    pub dims: &'a [usize],
    /// `f32` or `f64`.
    pub dtype: DType,
}

impl<'a> Operand<'a> {
    /// The elements of `storage` that `layout` selects.
    pub fn new(storage: &CudaStorage, layout: &'a Layout) -> Result<Self> {
        let Some((start, _)) = layout.contiguous_offsets() else { bail!("a kernel takes contiguous tensors only") };
        let (address, dtype) = device::address(storage)?;
        Ok(Self { address: address + (start * dtype.size_in_bytes()) as u64, dims: layout.dims(), dtype })
    }

    /// The number of elements, as the kernels count them.
    pub fn len(&self) -> Result<u32> {
        count(self.dims.iter().product())
    }

    /// The four dimensions of an image tensor `[n, c, h, w]`.
    pub fn image(&self) -> Result<[u32; 4]> {
        match *self.dims {
            [n, c, h, w] => Ok([count(n)?, count(c)?, count(h)?, count(w)?]),
            _ => bail!("an image tensor is [n, c, h, w], but this one is {:?}", self.dims),
        }
    }
}

/// A number of elements as the kernels count: they have 32 bits, one of which is for signs.
pub(crate) fn count(elements: usize) -> Result<u32> {
    match i32::try_from(elements) {
        Ok(count) => Ok(count.unsigned_abs()),
        Err(_) => {
            bail!("a tensor of {elements} elements is too large for the kernels of the GPU; a smaller batch needs less")
        }
    }
}

/// The result of a kernel, and its shape.
pub(crate) type Computed = (Memory, Shape);

/// The computation of a kernel of `N` inputs on a GPU.
pub(crate) trait OnGpu<const N: usize> {
    /// The result. The inputs are of one type.
    fn launch(&self, gpu: &Gpu, inputs: [Operand<'_>; N]) -> Result<Computed>;
}

/// A device whose tensors carry no events.
///
/// # Errors
/// If it is not a GPU.
pub(crate) fn without_events(device: candle_core::Device) -> Result<candle_core::Device> {
    // SAFETY: all work on this device object runs on its own stream, in the order in which it was asked for.
    unsafe { device.as_cuda_device()?.disable_event_tracking() };
    Ok(device)
}

/// The GPU of a tensor, or nothing on the CPU.
pub(crate) fn of_tensor(tensor: &Tensor) -> Result<Option<Gpu>> {
    match tensor.device() {
        candle_core::Device::Cuda(device) => Gpu::of(device).map(Some),
        _ => Ok(None),
    }
}

/// Runs `work` on the operands that some tensors are.
pub(crate) fn with_operands<R, const N: usize>(
    tensors: [&Tensor; N],
    work: impl FnOnce([Operand<'_>; N]) -> Result<R>,
) -> Result<R> {
    let mut contiguous = Vec::with_capacity(N);
    for tensor in tensors {
        contiguous.push(tensor.detach().contiguous()?);
    }
    let locked: Vec<_> = contiguous.iter().map(Tensor::storage_and_layout).collect();
    let mut operands = Vec::with_capacity(N);
    for (storage, layout) in &locked {
        operands.push(Operand::new(on_gpu(storage)?, layout)?);
    }
    work(std::array::from_fn(|i| operands[i]))
}

/// The storage of a tensor on a GPU.
pub(crate) fn on_gpu(storage: &candle_core::Storage) -> Result<&CudaStorage> {
    match storage {
        candle_core::Storage::Cuda(storage) => Ok(storage),
        _ => bail!("one tensor is on the GPU, another is not"),
    }
}

/// A tensor of its own around a result of a forward pass.
pub(crate) fn tensor((memory, shape): Computed) -> Result<Tensor> {
    let storage = candle_core::Storage::Cuda(memory.own()?);
    Ok(Tensor::from_storage(storage, shape, candle_core::op::BackpropOp::none(), false))
}

/// The elements of a tensor, row by row. Only they are copied: Candle would copy all of the memory that they are a part of.
pub(crate) fn read(x: &Tensor) -> Result<Vec<f64>> {
    let x = x.detach().contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    let storage = on_gpu(&storage)?;
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("a contiguous tensor is not contiguous") };
    let gpu = device_of(storage)?;
    match storage.dtype() {
        DType::F32 => {
            let part = gpu.device().clone_dtoh(&storage.as_cuda_slice::<f32>()?.slice(start..end))?;
            Ok(part.into_iter().map(f64::from).collect())
        }
        _ => gpu.device().clone_dtoh(&storage.as_cuda_slice::<f64>()?.slice(start..end)),
    }
}

/// The device of a storage.
pub(crate) fn device_of(storage: &CudaStorage) -> Result<Gpu> {
    Gpu::of(storage.device() as &CudaDevice)
}
