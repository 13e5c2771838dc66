//! Whether the gradients of a backward pass can be differentiated again.
//!
//! They can where the operations that compute them are recorded too: the graph of the gradients is kept. Candle keeps it on threads
//! that ran with `CANDLE_GRAD_DO_NOT_DETACH`; [`keeping_the_graph`] keeps it for one pass over kernels.

use std::cell::Cell;

use candle_core::{DType, Device, Result, Tensor, Var};

thread_local! { static KEPT_HERE: Cell<bool> = const { Cell::new(false) } }

/// Runs a backward pass whose gradients can be differentiated again: every kernel that computes a gradient on this thread is recorded.
pub(super) fn keeping_the_graph<R>(pass: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            KEPT_HERE.set(self.0);
        }
    }
    let _restore = Restore(KEPT_HERE.replace(true));
    pass()
}

/// Whether gradients computed on this thread must be differentiable, because of [`keeping_the_graph`] or because of Candle.
pub(super) fn graph_is_kept() -> Result<bool> {
    Ok(KEPT_HERE.get() || candle_keeps_the_graph()?)
}

/// Whether Candle keeps the graph of gradients on this thread.
///
/// Candle reads its environment variable at the first backward pass of a thread and never shows what it read. This function finds out by
/// a small backward pass: the gradient of `(2v)²` by `2v` depends on `v`, and the gradient by `v` shows whether that dependence was kept.
pub(crate) fn candle_keeps_the_graph() -> Result<bool> {
    thread_local! { static KEPT: Cell<Option<bool>> = const { Cell::new(None) } }
    if let Some(kept) = KEPT.get() {
        return Ok(kept);
    }
    let v = Var::zeros((), DType::F32, &Device::Cpu)?;
    let gradients = v.affine(2.0, 0.0)?.sqr()?.backward()?;
    let kept = gradients.get(&v).is_some_and(Tensor::track_op);
    KEPT.set(Some(kept));
    Ok(kept)
}
