//! The number types of the kernels, and the memory that kernels work in.

use std::cell::RefCell;
use std::thread::LocalKey;

use candle_core::{CpuStorage, Layout, Result, WithDType, bail};

/// Lanes of every vector sum: element `i` of a sum goes to lane `i mod 8`, whatever vectors the processor has.
pub(super) const LANES: usize = 8;

/// Vectors of lanes in the sum of a row: enough to keep several additions in flight.
pub(super) const VECTORS: usize = 4;

/// `f32` or `f64`.
pub(crate) trait Element: WithDType + Default {
    /// Zero.
    const ZERO: Self;

    /// `self * factor + addend`, rounded once. IEEE 754 defines the result exactly, so a processor without the instruction gives the same
    /// bits, only slower.
    fn fma(self, factor: Self, addend: Self) -> Self;

    /// The nearest number of this type.
    fn from_double(value: f64) -> Self;

    /// The same number in double precision.
    fn to_double(self) -> f64;

    /// Whether this is NaN.
    fn is_nan(self) -> bool;

    /// The elements, if this type is `f32`: for loops written for `f32` only.
    fn as_f32(elements: &[Self]) -> Option<&[f32]>;

    /// The elements for writing, if this type is `f32`.
    fn as_f32_mut(elements: &mut [Self]) -> Option<&mut [f32]>;

    /// The scratch buffer of this thread.
    fn scratch() -> &'static LocalKey<RefCell<Vec<Self>>>;
}

macro_rules! element {
    ($type:ty, $as_f32:expr) => {
        impl Element for $type {
            const ZERO: Self = 0.0;

            #[inline(always)]
            fn fma(self, factor: Self, addend: Self) -> Self {
                self.mul_add(factor, addend)
            }

            #[inline(always)]
            #[allow(clippy::cast_lossless, clippy::allow_attributes, reason = "one body for both types")]
            fn from_double(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            #[allow(clippy::cast_lossless, clippy::allow_attributes, reason = "one body for both types")]
            fn to_double(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn is_nan(self) -> bool {
                self != self
            }

            fn as_f32(elements: &[Self]) -> Option<&[f32]> {
                $as_f32(elements)
            }

            fn as_f32_mut(elements: &mut [Self]) -> Option<&mut [f32]> {
                $as_f32(elements)
            }

            fn scratch() -> &'static LocalKey<RefCell<Vec<Self>>> {
                thread_local! { static SCRATCH: RefCell<Vec<$type>> = const { RefCell::new(Vec::new()) } }
                &SCRATCH
            }
        }
    };
}
element!(f32, Some);
element!(f64, none);

/// The elements of another type are not `f32`.
fn none<A, B>(_: A) -> Option<B> {
    None
}

/// A contiguous input of a kernel.
#[derive(Clone, Copy)]
pub(crate) struct Array<'a, T> {
    /// The elements, row by row.
    pub data: &'a [T],
    /// The length of each dimension.
    pub dims: &'a [usize],
}

impl<'a, T: Element> Array<'a, T> {
    /// The elements of `storage` that `layout` selects.
    pub fn new(storage: &'a CpuStorage, layout: &'a Layout) -> Result<Self> {
        let data = T::cpu_storage_as_slice(storage)?;
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("a kernel takes contiguous tensors only") };
        Ok(Self { data: &data[start..end], dims: layout.dims() })
    }

    /// The four dimensions of an image tensor `[n, c, h, w]`.
    pub fn image(&self) -> Result<[usize; 4]> {
        match *self.dims {
            [n, c, h, w] => Ok([n, c, h, w]),
            _ => bail!("an image tensor is [n, c, h, w], but this one is {:?}", self.dims),
        }
    }
}

/// A vector of `len` elements with arbitrary contents. The caller must write every element before reading any.
///
/// Filling it with zeros would take as long as some kernels.
#[expect(clippy::uninit_vec, reason = "the point of this function")]
pub(super) fn to_be_overwritten<T: Element>(len: usize) -> Vec<T> {
    let mut vector = Vec::with_capacity(len);
    // SAFETY: the capacity is `len`, and `T` is `f32` or `f64`, for which all bits are valid; the callers, all in this
    // folder, write every element before it is read.
    unsafe { vector.set_len(len) };
    vector
}

/// Runs `work` on a buffer of `len` elements that belongs to this thread. Its contents are what an earlier kernel left there.
pub(super) fn with_scratch<T: Element, R>(len: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    // Taken out while `work` runs: a nested call then gets a new buffer instead of a panic.
    let mut buffer = T::scratch().take();
    if buffer.len() < len {
        buffer.resize(len, T::ZERO);
    }
    let result = work(&mut buffer[..len]);
    T::scratch().set(buffer);
    result
}
