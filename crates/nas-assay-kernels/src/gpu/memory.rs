//! Memory for results.
//!
//! Candle gives every tensor an allocation of its own. For the outputs of a forward pass that is so here, too. The gradients of a backward
//! pass lie in its [`arena`](super::arena). What no tensor ever shows, such as the statistics of a batch, comes from a pool.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr};
use candle_core::cuda_backend::{CudaDevice, CudaStorage};
use candle_core::{DType, Result, Shape, Tensor, bail};

use super::device::{lock, wrap};
use crate::cpu::seal::{Computed, seal};

/// How long a result is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Until the gradients that follow from it are there.
    Short,
    /// After the backward pass.
    Long,
}

/// Memory for the result of a kernel.
pub(crate) struct Output {
    pub memory: Memory,
    pub address: u64,
}

/// Where a result lies.
pub(crate) enum Memory {
    /// In an allocation of its own.
    Own(CudaStorage),
    /// In a part of an arena's slab.
    Part { slab: Tensor, start: usize, len: usize },
}

impl Memory {
    /// An allocation of its own.
    pub fn own(self) -> Result<CudaStorage> {
        match self {
            Self::Own(storage) => Ok(storage),
            Self::Part { .. } => bail!("an output of a forward pass lies in the arena of a backward pass"),
        }
    }

    /// A gradient that cannot be differentiated again.
    pub fn sealed(self, name: &'static str, device: &candle_core::Device, shape: Shape) -> Result<Tensor> {
        match self {
            Self::Own(storage) => seal(name, device, Computed::Cuda(storage), shape),
            Self::Part { slab, start, len } => slab.narrow(0, start, len)?.reshape(shape),
        }
    }
}

/// Buffers that were used before, by their length.
pub(super) type Free = Mutex<HashMap<usize, Vec<CudaSlice<f64>>>>;

/// Numbers of double precision that no tensor shows. Dropped, they go back to the pool of their device.
pub(crate) struct Buffer {
    slice: Option<CudaSlice<f64>>,
    free: Arc<Free>,
}

impl Buffer {
    /// A buffer of `len` numbers with arbitrary contents.
    pub fn new(device: &CudaDevice, free: &Arc<Free>, len: usize) -> Result<Self> {
        let len = len.next_power_of_two();
        let known = lock(free).get_mut(&len).and_then(Vec::pop);
        let slice = match known {
            Some(slice) => slice,
            // SAFETY: the kernel that gets the buffer writes before it reads.
            None => unsafe { device.alloc::<f64>(len)? },
        };
        Ok(Self { slice: Some(slice), free: free.clone() })
    }

    /// Where it begins.
    pub fn address(&self) -> Result<u64> {
        match &self.slice {
            Some(slice) => Ok(slice.device_ptr(slice.stream()).0),
            None => bail!("a buffer was given back"),
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(slice) = self.slice.take() {
            lock(&self.free).entry(slice.len()).or_default().push(slice);
        }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({:?})", self.slice.as_ref().map(CudaSlice::len))
    }
}

/// Memory of its own for `len` numbers, with arbitrary contents.
pub(super) fn allocate(device: &CudaDevice, dtype: DType, len: usize) -> Result<CudaStorage> {
    // SAFETY: the caller has a kernel write every element.
    unsafe {
        Ok(match dtype {
            DType::F32 => wrap(device.alloc::<f32>(len)?, device),
            DType::F64 => wrap(device.alloc::<f64>(len)?, device),
            DType::U32 => wrap(device.alloc::<u32>(len)?, device),
            other => bail!("the kernels compute in f32 and f64, not in {other:?}"),
        })
    }
}
