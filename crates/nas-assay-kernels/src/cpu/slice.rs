//! Parts of weights as tensors of their own.

use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

use super::element::{Array, Element};
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient};
use super::view::View;
use super::wanted::wanted;
use crate::slice::Slice;

/// The part `slice` of `w`. The gradient by `w` is zero outside the part.
///
/// # Errors
/// If `w` does not have the channels or groups of the part.
pub fn slice(w: &Tensor, slice: &Slice) -> Result<Tensor> {
    if slice.is_whole(w.dims()) {
        return Ok(w.clone());
    }
    apply(Gather { view: Arc::new(View::new(w.dims(), slice)?) }, [w])
}

/// Reads a part of a weight.
pub(crate) struct Gather {
    pub(crate) view: Arc<View>,
}

/// Writes a part to its place in a weight of zeros.
pub(crate) struct Scatter {
    pub(crate) view: Arc<View>,
}

impl Kernel<1> for Gather {
    const NAME: &'static str = "slice";

    fn forward<T: Element>(&self, _isa: Isa, [w]: [Array<T>; 1]) -> Result<Computed<T>> {
        self.view.expect_whole(w.dims)?;
        Ok((self.view.gather(w.data).into_owned(), self.view.shape().into()))
    }

    fn backward(&self, [w]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(w, || gradient(Scatter { view: self.view.clone() }, [gy]))?])
    }
}

impl Kernel<1> for Scatter {
    const NAME: &'static str = "slice gradient";

    fn forward<T: Element>(&self, _isa: Isa, [part]: [Array<T>; 1]) -> Result<Computed<T>> {
        if part.dims != self.view.shape() {
            bail!("a gradient of shape {:?} does not fit a slice of shape {:?}", part.dims, self.view.shape());
        }
        Ok((self.view.scatter(part.data.to_vec()), self.view.whole().into()))
    }

    fn backward(&self, [part]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(part, || gradient(Gather { view: self.view.clone() }, [gy]))?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_sealed, check_second_order, random, runs_with_kept_graph, values};
    use super::*;
    use crate::slice::Channels;

    fn cases() -> [(Vec<usize>, Slice); 3] {
        let picked = |indices: &[u32]| Channels::Picked(indices.into());
        [
            (vec![5], Slice::vector(picked(&[0, 3]))),
            (vec![4, 6], Slice::new(Channels::First(4), picked(&[1, 2, 5]))),
            (vec![4, 8, 3, 3], Slice { outputs: picked(&[1, 2]), inputs: Channels::First(4), groups: 2 }),
        ]
    }

    #[test]
    fn a_slice_is_read_and_its_gradient_is_written_back() {
        for (dims, part) in cases() {
            check(&[random("weight", &dims)], |t| slice(&t[0], &part));
            check_sealed(&random("weight", &dims), |w| slice(w, &part));
        }
    }

    #[test]
    fn a_picked_column_is_itself() {
        let w = random("weight", &[2, 3]);
        let part = slice(&w, &Slice::new(Channels::First(2), Channels::Picked([2].into()))).unwrap();
        let w = values(&w);
        assert_eq!((part.dims(), values(&part)), (&[2, 1][..], vec![w[2], w[5]]));
    }

    #[test]
    fn the_gradient_has_a_gradient() {
        if !runs_with_kept_graph("cpu::slice::tests::the_gradient_has_a_gradient") {
            return;
        }
        for (dims, part) in cases() {
            check_second_order(&[random("weight", &dims)], |t| slice(&t[0], &part));
        }
    }
}
