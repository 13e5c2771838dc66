//! Layers from which an architecture chooses.

use crate::net::Builder;
use candle_core::Result;
use std::ops::Range;

/// The layers of a cell from which an architecture chooses, each at a place.
#[derive(Debug)]
pub struct Choices<P, L>(Vec<Choice<P, L>>);

#[derive(Debug)]
struct Choice<P, L> {
    place: P,
    layer: L,
    /// Which of the network's parameters are the layer's.
    params: Range<usize>,
}

impl<P: Copy + PartialEq, L> Choices<P, L> {
    /// The layers that `make` makes for `places`, in their order.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn new(
        builder: &mut Builder,
        places: impl Iterator<Item = P>,
        mut make: impl FnMut(&mut Builder, P) -> Result<L>,
    ) -> Result<Self> {
        let choice = |place| {
            let (layer, params) = builder.ranged(|builder| make(builder, place))?;
            Ok(Choice { place, layer, params })
        };
        places.map(choice).collect::<Result<_>>().map(Self)
    }

    /// The layer at `place`, if there is one.
    pub fn get(&self, place: P) -> Option<&L> {
        self.0.iter().find(|choice| choice.place == place).map(|choice| &choice.layer)
    }

    /// The parameters of the layers at the places that are not used.
    pub fn unused(&self, is_used: impl Fn(P) -> bool) -> impl Iterator<Item = Range<usize>> {
        self.0.iter().filter(move |choice| !is_used(choice.place)).map(|choice| choice.params.clone())
    }
}
