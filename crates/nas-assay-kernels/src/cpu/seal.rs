//! Gradients that cannot be differentiated again.

use std::sync::{Mutex, PoisonError};

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Device, Error, Layout, Result, Shape, Tensor, Var, bail};

/// What a kernel computed, on one of the devices.
pub(crate) enum Computed {
    Cpu(CpuStorage),
    #[cfg(feature = "cuda")]
    Cuda(CudaStorage),
}

/// A tensor that keeps no inputs alive, and whose own gradient is an error.
pub(crate) fn seal(name: &'static str, device: &Device, storage: Computed, shape: Shape) -> Result<Tensor> {
    anchor(device)?.apply_op1(Sealed { name, value: Mutex::new(Some((storage, shape))) })
}

/// A variable on a device. Candle records an operation only if one of its inputs needs a gradient; this one has no other purpose than to be
/// that input.
fn anchor(device: &Device) -> Result<Var> {
    static ANCHORS: Mutex<Vec<Var>> = Mutex::new(Vec::new());
    let mut anchors = ANCHORS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(anchor) = anchors.iter().find(|anchor| anchor.device().same_device(device)) {
        return Ok(anchor.clone());
    }
    let anchor = Var::zeros((), DType::F32, device)?;
    anchors.push(anchor.clone());
    Ok(anchor)
}

struct Sealed {
    name: &'static str,
    value: Mutex<Option<(Computed, Shape)>>,
}

impl Sealed {
    fn take(&self) -> Result<(Computed, Shape)> {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(|| Error::Msg("a sealed gradient is evaluated once".into()))
    }
}

impl CustomOp1 for Sealed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        match self.take()? {
            (Computed::Cpu(storage), shape) => Ok((storage, shape)),
            #[cfg(feature = "cuda")]
            (Computed::Cuda(_), _) => bail!("a sealed gradient is on another device than its anchor"),
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        match self.take()? {
            (Computed::Cuda(storage), shape) => Ok((storage, shape)),
            (Computed::Cpu(_), _) => bail!("a sealed gradient is on another device than its anchor"),
        }
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<Option<Tensor>> {
        bail!(
            "{}: this gradient cannot be differentiated again; detach it to use it as a constant, or compute it by a backward pass \
             that keeps the graph",
            self.name
        )
    }
}
