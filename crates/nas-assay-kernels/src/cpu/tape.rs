//! Which kernel made which tensor.
//!
//! Candle does not show which operation made a tensor. So a kernel whose output Candle records is also noted here, under the identity of
//! the output. The entry lasts as long as Candle keeps the history of the output.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use candle_core::{Result, Tensor, TensorId};

/// A kernel together with the inputs it was applied to.
pub(super) trait Applied: Send + Sync {
    /// The inputs.
    fn inputs(&self) -> &[Tensor];

    /// The gradient by each input, given the gradient by the output; `None` for an input that needs none.
    fn backward(&self, output: &Tensor, gradient: &Tensor) -> Result<Vec<Option<Tensor>>>;
}

type Tape = HashMap<TensorId, Weak<dyn Applied>>;

static TAPE: LazyLock<Mutex<Tape>> = LazyLock::new(Mutex::default);

fn tape() -> MutexGuard<'static, Tape> {
    TAPE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An entry of the tape. Dropping it removes the entry.
pub(super) struct Entry(TensorId);

impl Entry {
    /// Notes that `applied` made `output`.
    pub fn new(output: &Tensor, applied: &Arc<impl Applied + 'static>) -> Self {
        let applied: Arc<dyn Applied> = applied.clone();
        tape().insert(output.id(), Arc::downgrade(&applied));
        Self(output.id())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        tape().remove(&self.0);
    }
}

/// The kernel that made each of `nodes`, in their order; `None` in the place of a variable. No list at all if another operation made one
/// of them.
pub(super) fn kernels_of(nodes: &[&Tensor]) -> Option<Vec<Option<Arc<dyn Applied>>>> {
    let tape = tape();
    let find = |node: &&Tensor| {
        if node.is_variable() { Some(None) } else { tape.get(&node.id()).and_then(Weak::upgrade).map(Some) }
    };
    nodes.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::super::relu;
    use super::super::testing::random;
    use super::*;
    use candle_core::{DType, Var};

    fn is_recorded(tensor: &Tensor) -> bool {
        tape().contains_key(&tensor.id())
    }

    #[test]
    fn an_entry_ends_with_the_history() {
        let v = Var::from_tensor(&random("variable", &[2, 3]).to_dtype(DType::F32).unwrap()).unwrap();
        let (kept, constant) = (relu(&v).unwrap(), relu(&v.as_detached_tensor()).unwrap());
        assert!(is_recorded(&kept) && !is_recorded(&constant));
        let (id, detached) = (kept.id(), kept.detach());
        drop(kept);
        assert!(!tape().contains_key(&id));
        assert!(!is_recorded(&detached));
    }
}
