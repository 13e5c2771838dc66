//! The part of a wide layer's weights that a narrower layer reads.

use candle_core::{Result, bail};
use std::ops::Range;
use std::sync::Arc;

/// The channels of a layer that are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channels {
    /// The first channels, this many.
    First(usize),
    /// The channels with these indices, in ascending order.
    Picked(Arc<[u32]>),
}

impl Channels {
    /// The `count` channels with the largest norms. Of equal norms the lower index comes first; NaN counts as infinity.
    pub fn largest(norms: &[f64], count: usize) -> Self {
        if count >= norms.len() {
            return Self::First(norms.len());
        }
        let norm =
            |channel: u32| if norms[channel as usize].is_nan() { f64::INFINITY } else { norms[channel as usize] };
        let mut order: Vec<u32> = (0..norms.len() as u32).collect();
        // Stable, so that of equal norms the lower index comes first.
        order.sort_by(|&a, &b| norm(b).total_cmp(&norm(a)));
        order.truncate(count);
        order.sort_unstable();
        Self::Picked(order.into())
    }

    /// The number of channels.
    pub fn len(&self) -> usize {
        match self {
            Self::First(count) => *count,
            Self::Picked(picked) => picked.len(),
        }
    }

    /// Whether there are no channels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their indices, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).map(|place| match self {
            Self::First(_) => place,
            Self::Picked(picked) => picked[place] as usize,
        })
    }

    /// Whether they are all channels of a layer that has `total`.
    pub fn are_all(&self, total: usize) -> bool {
        *self == Self::First(total)
    }

    /// The largest index, if it is `total` or more.
    fn beyond(&self, total: usize) -> Option<usize> {
        self.iter().last().filter(|&last| last >= total)
    }
}

/// The part of a weight `[outputs, inputs, ...]` that a narrower layer reads. For a vector `[outputs]`, only `outputs` counts.
///
/// The weight of a grouped convolution may be stored dense, with all inputs for every output. Then outputs and inputs of the full weight
/// are each cut into `g` equal blocks, and the `k`-th block of outputs reads the `k`-th block of inputs. After that the outputs are
/// narrowed to the channels in use, and the inputs of each block to its first `inputs / g`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Outputs in use.
    pub outputs: Channels,
    /// Inputs in use, of all groups together. With more than one group only their number counts.
    pub inputs: Channels,
    /// Groups of the convolution.
    pub groups: usize,
}

/// Neighbouring outputs that read the same block of inputs of a dense weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockRun {
    /// The positions of these outputs in [`Slice::outputs`].
    pub places: Range<usize>,
    /// The first input of the block.
    pub first_input: usize,
}

impl Slice {
    /// Outputs and inputs of a layer with one group.
    pub fn new(outputs: Channels, inputs: Channels) -> Self {
        Self { outputs, inputs, groups: 1 }
    }

    /// The channels of a vector.
    pub fn vector(outputs: Channels) -> Self {
        Self::new(outputs, Channels::First(1))
    }

    /// The number of outputs and of inputs of a weight of shape `dims`, and the elements for one output and one input.
    fn stored(dims: &[usize]) -> Result<(usize, usize, usize)> {
        match *dims {
            [outputs] => Ok((outputs, 1, 1)),
            [outputs, inputs, ref rest @ ..] => Ok((outputs, inputs, rest.iter().product())),
            [] => bail!("a scalar has no channels"),
        }
    }

    /// The number of inputs that each output reads.
    pub fn inputs_each(&self) -> usize {
        self.inputs.len() / self.groups
    }

    /// The shape of this part of a weight of shape `dims`.
    pub fn shape(&self, dims: &[usize]) -> Vec<usize> {
        let mut shape = dims.to_vec();
        for (extent, part) in shape.iter_mut().zip([self.outputs.len(), self.inputs_each()]) {
            *extent = part;
        }
        shape
    }

    /// Whether this part is the whole of a weight of shape `dims`.
    pub fn is_whole(&self, dims: &[usize]) -> bool {
        let inputs = dims.get(1).copied().unwrap_or(1);
        // A weight with as many inputs as one group reads is not stored dense.
        let all_inputs = if self.groups == 1 { self.inputs.are_all(inputs) } else { inputs == self.inputs_each() };
        self.outputs.are_all(dims.first().copied().unwrap_or(0)) && all_inputs
    }

    /// The runs of outputs that read the same inputs, for a weight of shape `dims`.
    ///
    /// # Errors
    /// If a weight of this shape does not have the channels or groups of this part.
    pub(super) fn runs(&self, dims: &[usize]) -> Result<Vec<BlockRun>> {
        let (stored_outputs, stored_inputs, _) = Self::stored(dims)?;
        let groups = self.groups;
        if self.outputs.beyond(stored_outputs).is_some() || self.inputs.beyond(stored_inputs).is_some() {
            bail!("a weight of shape {dims:?} does not have the channels of {self:?}");
        }
        if groups == 1 {
            return Ok(vec![BlockRun { places: 0..self.outputs.len(), first_input: 0 }]);
        }
        let divides = |count: usize| groups > 0 && count.is_multiple_of(groups);
        if ![stored_outputs, stored_inputs, self.inputs.len(), self.outputs.len()].into_iter().all(divides) {
            bail!("a weight of shape {dims:?} cannot be read in {groups} groups as {self:?}");
        }
        let (rows, columns) = (stored_outputs / groups, stored_inputs / groups);
        let mut runs: Vec<BlockRun> = Vec::new();
        for (place, output) in self.outputs.iter().enumerate() {
            let first_input = output / rows * columns;
            match runs.last_mut().filter(|run| run.first_input == first_input) {
                Some(run) => run.places.end = place + 1,
                None => runs.push(BlockRun { places: place..place + 1, first_input }),
            }
        }
        Ok(runs)
    }

    /// Where the part lies in a weight of shape `dims`: the offset of each output, and the offsets of elements from there, the same for
    /// all outputs.
    ///
    /// # Errors
    /// If a weight of this shape does not have the channels or groups of this part.
    pub fn offsets(&self, dims: &[usize]) -> Result<(Vec<usize>, Vec<usize>)> {
        let (_, stored_inputs, taps) = Self::stored(dims)?;
        let outputs: Vec<usize> = self.outputs.iter().collect();
        let runs = self.runs(dims)?.into_iter();
        let rows = runs.flat_map(|run| outputs[run.places].iter().map(move |row| (row, run.first_input)));
        let rows = rows.map(|(row, first)| (row * stored_inputs + first) * taps).collect();
        let read = self.inputs.iter().take(self.inputs_each());
        Ok((rows, read.flat_map(|input| (0..taps).map(move |tap| input * taps + tap)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(indices: &[u32]) -> Channels {
        Channels::Picked(indices.into())
    }

    #[test]
    fn the_largest_are_picked_and_the_first_of_equals() {
        assert_eq!(Channels::largest(&[1.0, 3.0, 2.0, 3.0], 2), picked(&[1, 3]));
        assert_eq!(Channels::largest(&[2.0, 2.0, 3.0, 2.0], 3), picked(&[0, 1, 2]));
        assert_eq!(Channels::largest(&[2.0, f64::NAN, 3.0], 1), picked(&[1]));
        assert_eq!(Channels::largest(&[0.0, 1.0], 2), Channels::First(2));
    }

    #[test]
    fn a_slice_lies_where_its_channels_are() {
        let slice = Slice::new(picked(&[1, 3]), picked(&[0, 2]));
        assert_eq!(slice.shape(&[4, 3, 2, 1]), [2, 2, 2, 1]);
        assert_eq!(slice.offsets(&[4, 3, 2, 1]).unwrap(), (vec![6, 18], vec![0, 1, 4, 5]));
        let vector = Slice::vector(Channels::First(3));
        assert_eq!((vector.shape(&[5]), vector.offsets(&[5]).unwrap()), (vec![3], (vec![0, 1, 2], vec![0])));
        assert!(vector.is_whole(&[3]) && !vector.is_whole(&[5]));
    }

    /// A weight of 8 outputs and 8 inputs in groups. The first 4 outputs all lie in the first of two blocks; the picked outputs lie in
    /// both.
    #[test]
    fn groups_read_blocks_of_the_whole_weight() {
        let slice = |outputs, count, groups| Slice { outputs, inputs: Channels::First(count), groups };
        let (rows, taps) = slice(Channels::First(4), 4, 2).offsets(&[8, 8, 1, 1]).unwrap();
        assert_eq!((rows, taps), (vec![0, 8, 16, 24], vec![0, 1]));
        let (rows, taps) = slice(Channels::First(8), 4, 4).offsets(&[8, 8, 1, 1]).unwrap();
        assert_eq!((rows, taps), (vec![0, 8, 18, 26, 36, 44, 54, 62], vec![0]));
        let (rows, _) = slice(picked(&[1, 3, 4, 6]), 4, 2).offsets(&[8, 8, 1, 1]).unwrap();
        assert_eq!(rows, [8, 24, 36, 52]);
        assert!(slice(Channels::First(8), 8, 2).is_whole(&[8, 4, 3, 3]));
        assert!(!slice(Channels::First(8), 8, 2).is_whole(&[8, 8, 3, 3]));
    }

    #[test]
    fn a_part_that_is_not_there_is_refused() {
        let refusal = |slice: &Slice, dims: &[usize]| slice.offsets(dims).unwrap_err().to_string();
        let wide = Slice::new(Channels::First(5), Channels::First(2));
        assert!(refusal(&wide, &[4, 2, 1, 1]).contains("does not have the channels of"));
        let odd = Slice { outputs: Channels::First(4), inputs: Channels::First(4), groups: 3 };
        assert!(refusal(&odd, &[4, 4, 1, 1]).contains("cannot be read in 3 groups"));
        assert!(refusal(&Slice::vector(Channels::First(1)), &[]).contains("no channels"));
    }
}
