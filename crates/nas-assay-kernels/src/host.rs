//! The numbers of a tensor, on the host.

use candle_core::{DType, Tensor};

/// All elements of a tensor in row-major order, on the host, as f64.
pub fn host_f64(x: &Tensor) -> candle_core::Result<Vec<f64>> {
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() && matches!(x.dtype(), DType::F32 | DType::F64) {
        return crate::gpu::read(x);
    }
    let flat = x.detach().flatten_all()?;
    match flat.dtype() {
        DType::F64 => flat.to_vec1(),
        DType::F32 => Ok(flat.to_vec1::<f32>()?.into_iter().map(f64::from).collect()),
        _ => flat.to_dtype(DType::F64)?.to_vec1(),
    }
}
