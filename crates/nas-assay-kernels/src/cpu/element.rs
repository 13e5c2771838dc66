//! The two number types of the kernels, and the memory they work in.

use std::cell::RefCell;
use std::thread::LocalKey;

use candle_core::{CpuStorage, Layout, Result, WithDType, bail};

/// Lanes of every vector sum: element `i` of a sum goes to lane `i mod 8`, whatever the machine's vectors.
pub(super) const LANES: usize = 8;

/// Vectors of lanes in the sum of a row: enough for additions to overlap.
pub(super) const VECTORS: usize = 4;

/// `f32` or `f64`.
pub(super) trait Element: WithDType + Default {
    /// Zero.
    const ZERO: Self;

    /// `self * factor + addend`, rounded once. IEEE 754 leaves it no freedom, so it is the same on a machine without the
    /// instruction, only slower.
    fn fma(self, factor: Self, addend: Self) -> Self;

    /// The nearest number of this type.
    fn from_double(value: f64) -> Self;

    /// The same number in double precision.
    fn to_double(self) -> f64;

    /// Whether it is no number.
    fn is_nan(self) -> bool;

    /// The elements, if they are of single precision: for a loop that is written for that alone.
    fn as_f32(elements: &[Self]) -> Option<&[f32]>;

    /// The same for elements to write.
    fn as_f32_mut(elements: &mut [Self]) -> Option<&mut [f32]>;

    /// This thread's scratch buffer.
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

/// No singles among doubles.
fn none<A, B>(_: A) -> Option<B> {
    None
}

/// A contiguous input of a kernel.
#[derive(Clone, Copy)]
pub(super) struct Array<'a, T> {
    /// The elements, row by row.
    pub data: &'a [T],
    /// The extent of each dimension.
    pub dims: &'a [usize],
}

impl<'a, T: Element> Array<'a, T> {
    /// The elements that `layout` shows of `storage`.
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

/// A vector of `len` elements that the caller overwrites, every one, before any is read.
///
/// Zeroing would cost a pass over memory as long as many a kernel.
#[expect(clippy::uninit_vec, reason = "the point of this function")]
pub(super) fn to_be_overwritten<T: Element>(len: usize) -> Vec<T> {
    let mut vector = Vec::with_capacity(len);
    // SAFETY: the capacity is `len`, and `T` is `f32` or `f64`, for which any memory is a number; the callers, all in this
    // folder, write every element before it is read.
    unsafe { vector.set_len(len) };
    vector
}

/// Runs `work` on a buffer of `len` elements of this thread, holding whatever an earlier kernel left in it.
pub(super) fn with_scratch<T: Element, R>(len: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    // Taken out for the time of the work, so that nested use gets a buffer of its own instead of a panic.
    let mut buffer = T::scratch().take();
    if buffer.len() < len {
        buffer.resize(len, T::ZERO);
    }
    let result = work(&mut buffer[..len]);
    T::scratch().set(buffer);
    result
}
