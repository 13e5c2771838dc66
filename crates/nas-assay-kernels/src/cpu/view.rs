//! Where a part of a weight lies in the whole weight.

use std::borrow::Cow;

use candle_core::{Result, bail};

use super::element::Element;
use crate::slice::Slice;

/// The places of the elements of a part: element `e` of row `r` lies at `rows[r] + elements[e]` of the whole weight.
#[derive(Debug)]
pub(crate) struct View {
    /// The shape of the whole weight.
    whole: Vec<usize>,
    /// The shape of the part.
    shape: Vec<usize>,
    rows: Vec<usize>,
    elements: Vec<usize>,
}

impl View {
    /// The part `slice` of a weight of shape `whole`.
    pub fn new(whole: &[usize], slice: &Slice) -> Result<Self> {
        let (rows, elements) = slice.offsets(whole)?;
        Ok(Self { whole: whole.to_vec(), shape: slice.shape(whole), rows, elements })
    }

    /// The whole of a weight of shape `whole`.
    pub fn all(whole: &[usize]) -> Self {
        let row: usize = whole.iter().skip(1).product();
        let rows = (0..whole.first().copied().unwrap_or(0)).map(|output| output * row).collect();
        Self { whole: whole.to_vec(), shape: whole.to_vec(), rows, elements: (0..row).collect() }
    }

    /// The shape of the part as the kernel of a convolution, if `dims` is the shape of the whole weight.
    pub fn kernel_of(&self, dims: &[usize]) -> Result<[usize; 4]> {
        self.expect_whole(dims)?;
        match self.shape[..] {
            [outputs, inputs, height, width] => Ok([outputs, inputs, height, width]),
            _ => bail!("a kernel is [out, in, h, w], but this one is {:?}", self.shape),
        }
    }

    /// The shape of the whole weight.
    pub fn whole(&self) -> &[usize] {
        &self.whole
    }

    /// The shape of the part.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    #[cfg(feature = "cuda")]
    /// The offset of each row of the part, and of each of its elements from there.
    pub fn places(&self) -> (&[usize], &[usize]) {
        (&self.rows, &self.elements)
    }

    #[cfg(feature = "cuda")]
    /// The distance from one row of the part to the next, if the rows begin at the weight's first element and lie evenly, and the elements
    /// of a row follow each other.
    pub fn row_step(&self) -> Option<usize> {
        let row = self.whole.iter().skip(1).product();
        let even = self.rows.iter().enumerate().all(|(place, &start)| start == place * row);
        (even && self.elements.iter().enumerate().all(|(place, &element)| place == element)).then_some(row)
    }

    /// An error unless `dims` is the shape of the whole weight.
    pub fn expect_whole(&self, dims: &[usize]) -> Result<()> {
        if dims != self.whole {
            bail!("a view of a weight of shape {:?} does not fit one of shape {dims:?}", self.whole);
        }
        Ok(())
    }

    /// The elements of the part, without a copy if it is the whole weight.
    pub fn gather<'a, T: Element>(&self, whole: &'a [T]) -> Cow<'a, [T]> {
        if self.shape == self.whole {
            return Cow::Borrowed(whole);
        }
        let mut part = Vec::with_capacity(self.rows.len() * self.elements.len());
        for row in &self.rows {
            part.extend(self.elements.iter().map(|element| whole[row + element]));
        }
        Cow::Owned(part)
    }

    /// A whole weight: the part at its place, zeros elsewhere.
    pub fn scatter<T: Element>(&self, part: Vec<T>) -> Vec<T> {
        if self.shape == self.whole {
            return part;
        }
        let mut whole = vec![T::ZERO; self.whole.iter().product()];
        for (row, part) in self.rows.iter().zip(part.chunks_exact(self.elements.len().max(1))) {
            for (element, &value) in self.elements.iter().zip(part) {
                whole[row + element] = value;
            }
        }
        whole
    }
}
