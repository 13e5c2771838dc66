//! Gradients that cannot be differentiated again.

use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::{CpuStorage, CustomOp1, DType, Device, Error, Layout, Result, Shape, Tensor, Var, bail};

/// A tensor that keeps no inputs alive, and whose own gradient is an error.
pub(super) fn seal(name: &'static str, storage: CpuStorage, shape: Shape) -> Result<Tensor> {
    // Candle records an operation only if one of its inputs needs a gradient. This variable has no other purpose than to be that input.
    static ANCHOR: OnceLock<Var> = OnceLock::new();
    let anchor = if let Some(anchor) = ANCHOR.get() {
        anchor
    } else {
        let fresh = Var::zeros((), DType::F32, &Device::Cpu)?;
        ANCHOR.get_or_init(|| fresh)
    };
    anchor.apply_op1(Sealed { name, value: Mutex::new(Some((storage, shape))) })
}

struct Sealed {
    name: &'static str,
    value: Mutex<Option<(CpuStorage, Shape)>>,
}

impl CustomOp1 for Sealed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(|| Error::Msg("a sealed gradient is evaluated once".into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<Option<Tensor>> {
        bail!(
            "{}: this gradient cannot be differentiated again; detach it to use it as a constant, or compute it by a backward pass \
             that keeps the graph",
            self.name
        )
    }
}
