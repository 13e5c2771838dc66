//! Which gradients a backward pass needs.

use std::cell::RefCell;
use std::collections::HashSet;

use candle_core::{Result, Tensor, TensorId};

thread_local! { static NEEDED: RefCell<Option<HashSet<TensorId>>> = const { RefCell::new(None) } }

/// Whether the backward pass needs the gradient by `input`. It does not if `input` is data, as at the stem, or does not depend on a
/// variable whose gradient was asked for.
pub(super) fn is_wanted(input: &Tensor) -> bool {
    input.track_op() && NEEDED.with_borrow(|needed| needed.as_ref().is_none_or(|needed| needed.contains(&input.id())))
}

/// The gradient by `input`, computed only if the backward pass needs it.
pub(super) fn wanted(input: &Tensor, compute: impl FnOnce() -> Result<Tensor>) -> Result<Option<Tensor>> {
    is_wanted(input).then(compute).transpose()
}

/// Runs a backward pass that needs the gradients by the tensors in `needed` only, or all gradients if that is `None`.
pub(super) fn needing<R>(needed: Option<HashSet<TensorId>>, pass: impl FnOnce() -> R) -> R {
    struct Restore(Option<HashSet<TensorId>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            NEEDED.set(self.0.take());
        }
    }
    let _restore = Restore(NEEDED.replace(needed));
    pass()
}
