//! Named parameters and buffers in a fixed order, and loading them from named tensors.

use candle_core::{DType, Tensor, Var};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// What a parameter is for. It decides the initial value, and which estimators count the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Kernel of a convolution: `[out, in / groups, height, width]`.
    ConvWeight,
    /// Matrix of a linear layer: `[out, in]`.
    LinearWeight,
    /// Bias of a linear layer: `[out]`.
    LinearBias,
    /// Scale of a batch-norm: `[channels]`.
    NormScale,
    /// Shift of a batch-norm: `[channels]`.
    NormShift,
}

impl Role {
    /// Whether zero-shot estimators count the parameter. They count convolution and linear weights, no bias and no batch-norm.
    pub fn is_weight(self) -> bool {
        matches!(self, Self::ConvWeight | Self::LinearWeight)
    }
}

/// A trained tensor with its name and role. Cloning shares the storage.
#[derive(Clone, Debug)]
pub struct Param {
    /// Dotted path of the parameter inside its network.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The values.
    pub var: Var,
}

/// A tensor that is kept with the network but not trained: a running statistic. Cloning shares the storage.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// Dotted path of the buffer inside its network.
    pub name: String,
    /// The values; they stay out of every graph.
    pub var: Var,
}

/// Why named tensors do not fit a network. Nothing has been written when one of these is returned.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The network has a tensor that the source lacks.
    #[error("loading weights: tensor `{name}` is missing; the file must hold every tensor of the network")]
    Missing {
        /// The tensor that was looked for.
        name: String,
    },
    /// The source has a tensor that the network lacks.
    #[error(
        "loading weights: tensor `{name}` is not part of this network; is the file for another architecture or width?"
    )]
    Unexpected {
        /// The first such tensor.
        name: String,
    },
    /// A tensor has another shape than the network's.
    #[error("loading weights: tensor `{name}` has shape {found:?}, but this network needs {expected:?}")]
    WrongShape {
        /// The tensor.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The source's shape.
        found: Vec<usize>,
    },
    /// A tensor holds integers.
    #[error("loading weights: tensor `{name}` has type {found:?}, but weights must be floating point")]
    NotFloat {
        /// The tensor.
        name: String,
        /// Its type.
        found: DType,
    },
    /// A tensor holds a NaN or an infinity.
    #[error("loading weights: tensor `{name}` holds {value} at element {index}; weights must be finite")]
    NonFinite {
        /// The tensor.
        name: String,
        /// Position in row-major order.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Candle could not convert or copy a tensor.
    #[error("loading weights: tensor `{name}`: {source}")]
    Tensor {
        /// The tensor.
        name: String,
        /// Candle's reason.
        source: candle_core::Error,
    },
}

/// A tensor of a network.
pub trait NamedTensor {
    /// Dotted path of the tensor inside its network.
    fn name(&self) -> &str;
    /// The values.
    fn var(&self) -> &Var;
}

impl NamedTensor for Param {
    fn name(&self) -> &str {
        &self.name
    }

    fn var(&self) -> &Var {
        &self.var
    }
}

impl NamedTensor for Buffer {
    fn name(&self) -> &str {
        &self.name
    }

    fn var(&self) -> &Var {
        &self.var
    }
}

/// Tensors of a network, in the order in which data meets them (network order).
#[derive(Clone, Debug)]
pub struct NamedTensors<T>(pub(super) Vec<T>);

/// The trained tensors of a network.
pub type Params = NamedTensors<Param>;

/// The running statistics of a network.
pub type Buffers = NamedTensors<Buffer>;

impl<T: NamedTensor> NamedTensors<T> {
    /// The tensors in network order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// The one called `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|tensor| tensor.name() == name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names in network order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(NamedTensor::name)
    }

    /// Names and values in network order; the values share storage with the network and belong to no graph.
    pub fn named(&self) -> impl Iterator<Item = (&str, Tensor)> {
        self.0.iter().map(|tensor| (tensor.name(), tensor.var().as_detached_tensor()))
    }

    /// The variables in network order, sharing storage with the network: what an optimiser steps.
    pub fn vars(&self) -> Vec<Var> {
        self.0.iter().map(|tensor| tensor.var().clone()).collect()
    }

    /// Sets every tensor from `tensors`, cast to its type and device.
    ///
    /// # Errors
    /// If a name or a shape does not match, or a value is not finite. Then all tensors stay as they were.
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> Result<(), LoadError> {
        load(self.0.iter().map(|tensor| (tensor.name(), tensor.var())), tensors)
    }

    /// Sets each tensor to a copy of the value at its place, in its own type.
    ///
    /// # Errors
    /// If there is not one value for each, shapes differ, or a tensor cannot be made.
    pub(super) fn set(
        &self,
        values: impl ExactSizeIterator<Item = candle_core::Result<Tensor>>,
    ) -> candle_core::Result<()> {
        if values.len() != self.len() {
            candle_core::bail!("{} values for {} parameters", values.len(), self.len());
        }
        self.iter().zip(values).try_for_each(|(tensor, value)| {
            let value = value?.to_dtype(tensor.var().dtype())?;
            tensor.var().set(&value.copy()?)
        })
    }
}

impl<'a, T> IntoIterator for &'a NamedTensors<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Checks all of `tensors` against all of `targets`, then writes.
fn load<'a>(
    targets: impl Iterator<Item = (&'a str, &'a Var)>,
    tensors: &BTreeMap<String, Tensor>,
) -> Result<(), LoadError> {
    let mut known = BTreeSet::new();
    let mut writes = Vec::new();
    for (name, var) in targets {
        known.insert(name);
        let tensor = tensors.get(name).ok_or_else(|| LoadError::Missing { name: name.into() })?;
        check(name, var, tensor)?;
        let tensor_error = |source| LoadError::Tensor { name: name.into(), source };
        // A copy, so that the network never shares storage with the source.
        let value =
            tensor.to_dtype(var.dtype()).and_then(|t| t.to_device(var.device())?.copy()).map_err(tensor_error)?;
        writes.push((name, var, value));
    }
    if let Some(name) = tensors.keys().find(|name| !known.contains(name.as_str())) {
        return Err(LoadError::Unexpected { name: name.clone() });
    }
    for (name, var, value) in writes {
        var.set(&value).map_err(|source| LoadError::Tensor { name: name.into(), source })?;
    }
    Ok(())
}

/// Shape, type and finiteness of one tensor.
fn check(name: &str, var: &Var, tensor: &Tensor) -> Result<(), LoadError> {
    if tensor.dims() != var.dims() {
        let (expected, found) = (var.dims().to_vec(), tensor.dims().to_vec());
        return Err(LoadError::WrongShape { name: name.into(), expected, found });
    }
    if !tensor.dtype().is_float() {
        return Err(LoadError::NotFloat { name: name.into(), found: tensor.dtype() });
    }
    let found = first_non_finite(tensor).map_err(|source| LoadError::Tensor { name: name.into(), source })?;
    found.map_or(Ok(()), |(index, value)| Err(LoadError::NonFinite { name: name.into(), index, value }))
}

/// The first NaN or infinity of a tensor, and its position in row-major order.
pub(super) fn first_non_finite(tensor: &Tensor) -> candle_core::Result<Option<(usize, f64)>> {
    Ok(super::host_f64(tensor)?.into_iter().enumerate().find(|(_, value)| !value.is_finite()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Init;
    use crate::net::builder::tests::{seeded, small, values};
    use candle_core::Device;

    #[test]
    fn weights_are_kernels_and_matrices() {
        let all = [Role::ConvWeight, Role::LinearWeight, Role::LinearBias, Role::NormScale, Role::NormShift];
        assert_eq!(all.map(Role::is_weight), [true, true, false, false, false]);
    }

    fn tensors(params: &Params) -> BTreeMap<String, Tensor> {
        params.named().map(|(name, tensor)| (name.to_owned(), tensor.copy().unwrap())).collect()
    }

    #[test]
    fn parameters_are_set_from_as_many_others_and_no_fewer() {
        let (from, to) = (seeded(1, DType::F32), small(Init::Zero, DType::F64).0);
        let value = |param: &Param| Ok(param.var.as_detached_tensor());
        to.set(from.iter().map(value)).unwrap();
        assert!(to.iter().zip(&from).all(|(to, from)| values(to) == values(from)));
        assert!(to.iter().all(|param| param.var.dtype() == DType::F64));
        let error = to.set(from.iter().skip(1).map(value)).unwrap_err().to_string();
        assert!(error.contains(&format!("{} values for {} parameters", to.len() - 1, to.len())), "{error}");
    }

    #[test]
    fn loading_copies_every_value() {
        let (from, to) = (seeded(1, DType::F32), seeded(2, DType::F64));
        to.load(&tensors(&from)).unwrap();
        for (a, b) in from.iter().zip(&to) {
            assert_eq!(values(a), values(b), "{}", a.name);
        }
    }

    #[test]
    fn tensors_that_do_not_fit_are_named_and_nothing_is_written() {
        type Spoil = fn(&mut BTreeMap<String, Tensor>);
        let cases: [(Spoil, &str); 5] = [
            (|t| drop(t.remove("classifier.bias")), "tensor `classifier.bias` is missing"),
            (
                |t| drop(t.insert("b.bias".into(), t["a.bn.bias"].clone())),
                "tensor `b.bias` is not part of this network",
            ),
            (
                |t| drop(t.insert("classifier.bias".into(), t["a.bn.bias"].clone())),
                "tensor `classifier.bias` has shape [4], but this network needs [10]",
            ),
            (
                |t| drop(t.insert("a.bn.bias".into(), Tensor::new(&[1f32, 2., f32::NAN, 4.], &Device::Cpu).unwrap())),
                "tensor `a.bn.bias` holds NaN at element 2",
            ),
            (
                |t| drop(t.insert("a.bn.bias".into(), Tensor::new(&[1u32, 2, 3, 4], &Device::Cpu).unwrap())),
                "tensor `a.bn.bias` has type U32",
            ),
        ];
        for (spoil, message) in cases {
            let params = seeded(2, DType::F32);
            let mut source = tensors(&seeded(1, DType::F32));
            spoil(&mut source);
            let error = params.load(&source).unwrap_err().to_string();
            assert!(error.contains(message), "`{error}` does not say `{message}`");
            for (a, b) in params.iter().zip(&seeded(2, DType::F32)) {
                assert_eq!(values(a), values(b), "{} was written", a.name);
            }
        }
    }
}
