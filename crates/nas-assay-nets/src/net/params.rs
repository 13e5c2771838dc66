//! Named parameters and buffers in a fixed order, their initialisation, and loading them from named tensors.

use candle_core::{DType, Device, Shape, Tensor, Var};
use nas_assay_base::seed::Seed;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use thiserror::Error;

/// What a parameter is for. It decides the initial value, whether weight decay applies, and which estimators count it.
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
    /// Whether zero-shot estimators count the parameter: convolution and linear weights, no bias, no batch-norm (SPEC 4.1).
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
        /// What stands there.
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

/// The trained tensors of a network, in the order in which data meets them.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<Param>);

impl Params {
    /// Parameters in network order.
    pub fn iter(&self) -> std::slice::Iter<'_, Param> {
        self.0.iter()
    }

    /// The parameter called `name`.
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.0.iter().find(|param| param.name == name)
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets each parameter to a copy of the value at its place, in its own type.
    ///
    /// # Errors
    /// If there is not one value for each, shapes differ, or a tensor cannot be made.
    pub(super) fn set(
        &self,
        values: impl ExactSizeIterator<Item = candle_core::Result<Tensor>>,
    ) -> candle_core::Result<()> {
        if values.len() != self.len() {
            candle_core::bail!("{} parameters are to be set from {}", self.len(), values.len());
        }
        self.iter().zip(values).try_for_each(|(param, value)| {
            let value = value?.to_dtype(param.var.dtype())?;
            param.var.set(&value.copy()?)
        })
    }

    /// The variables in network order, sharing storage with the parameters: what an optimiser steps.
    pub fn vars(&self) -> Vec<Var> {
        self.0.iter().map(|param| param.var.clone()).collect()
    }

    /// The names in network order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|param| param.name.as_str())
    }

    /// Names and values in network order; the values share storage with the parameters and belong to no graph.
    pub fn named(&self) -> impl Iterator<Item = (&str, Tensor)> {
        self.0.iter().map(|param| (param.name.as_str(), param.var.as_detached_tensor()))
    }

    /// Sets every parameter from `tensors`, cast to its type and device; a name or shape that does not match, or a value that
    /// is not finite, is an error and leaves all parameters as they were.
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> Result<(), LoadError> {
        load(self.0.iter().map(|param| (param.name.as_str(), &param.var)), tensors)
    }
}

impl<'a> IntoIterator for &'a Params {
    type Item = &'a Param;
    type IntoIter = std::slice::Iter<'a, Param>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The running statistics of a network, in the order in which data meets them.
#[derive(Clone, Debug, Default)]
pub struct Buffers(Vec<Buffer>);

impl Buffers {
    /// Buffers in network order.
    pub fn iter(&self) -> std::slice::Iter<'_, Buffer> {
        self.0.iter()
    }

    /// The buffer called `name`.
    pub fn get(&self, name: &str) -> Option<&Buffer> {
        self.0.iter().find(|buffer| buffer.name == name)
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values in network order; the values share storage with the buffers.
    pub fn named(&self) -> impl Iterator<Item = (&str, Tensor)> {
        self.0.iter().map(|buffer| (buffer.name.as_str(), buffer.var.as_detached_tensor()))
    }

    /// Sets every buffer from `tensors`, under the rules of [`Params::load`].
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> Result<(), LoadError> {
        load(self.0.iter().map(|buffer| (buffer.name.as_str(), &buffer.var)), tensors)
    }
}

impl<'a> IntoIterator for &'a Buffers {
    type Item = &'a Buffer;
    type IntoIter = std::slice::Iter<'a, Buffer>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
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
    let values = super::host_f64(tensor).map_err(|source| LoadError::Tensor { name: name.into(), source })?;
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => Err(LoadError::NonFinite { name: name.into(), index, value }),
        None => Ok(()),
    }
}

/// What new parameters start from.
#[derive(Clone, Copy, Debug)]
pub enum Init {
    /// Random numbers, each parameter's drawn from the child of this seed that carries its name.
    ///
    /// The network says by which [`InitScheme`]. Numbers are drawn in f64 and rounded to f32 first, so that networks of either type
    /// start from equal values.
    Seeded(Seed),
    /// Zeros, for a network whose values are loaded next.
    Zero,
}

/// How random parameters are distributed. Batch-norm starts at scale one and shift zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitScheme {
    /// PyTorch's default: weights and biases uniform in ±1/√`fan_in` (Kaiming-uniform with a = √5).
    #[default]
    FanIn,
    /// That of residual networks (He et al., "Delving Deep into Rectifiers", 2015): weights of convolutions normal with variance
    /// 2/`fan_out`, where `fan_out` is taps times outputs; weights of linear layers normal with deviation 0.01, biases zero.
    FanOut,
}

/// A distribution around zero.
#[derive(Clone, Copy, Debug)]
enum Spread {
    /// Uniform in plus or minus this.
    Uniform(f64),
    /// Normal with this deviation.
    Normal(f64),
}

/// Makes the parameters and buffers of one network, in order.
#[derive(Debug)]
pub struct Builder {
    init: Init,
    scheme: InitScheme,
    dtype: DType,
    device: Device,
    params: Vec<Param>,
    buffers: Vec<Buffer>,
}

impl Builder {
    /// A builder of an empty network with values of type `dtype` on `device`.
    pub fn new(init: Init, dtype: DType, device: &Device) -> Self {
        let scheme = InitScheme::default();
        Self { init, scheme, dtype, device: device.clone(), params: Vec::new(), buffers: Vec::new() }
    }

    /// From now on distributes random parameters by `scheme`.
    pub fn set_scheme(&mut self, scheme: InitScheme) {
        self.scheme = scheme;
    }

    /// What `make` makes, and the places of the parameters that it made in the network's list.
    pub(super) fn ranged<T>(
        &mut self,
        make: impl FnOnce(&mut Self) -> candle_core::Result<T>,
    ) -> candle_core::Result<(T, Range<usize>)> {
        let start = self.params.len();
        let made = make(self)?;
        Ok((made, start..self.params.len()))
    }

    /// A convolution kernel `[out, in / groups, height, width]`.
    pub fn conv_weight(&mut self, name: String, shape: [usize; 4]) -> candle_core::Result<Var> {
        let [outputs, inputs, height, width] = shape;
        let spread = match self.scheme {
            InitScheme::FanIn => Spread::Uniform(1.0 / ((inputs * height * width) as f64).sqrt()),
            InitScheme::FanOut => Spread::Normal((2.0 / (outputs * height * width) as f64).sqrt()),
        };
        self.random(name, Role::ConvWeight, &shape, spread)
    }

    /// A linear layer's matrix `[out, in]`, called `prefix.weight`, and bias `[out]`, called `prefix.bias`.
    pub fn linear(&mut self, prefix: &str, outputs: usize, inputs: usize) -> candle_core::Result<(Var, Var)> {
        let (of_weight, of_bias) = match self.scheme {
            InitScheme::FanIn => {
                let uniform = Spread::Uniform(1.0 / (inputs as f64).sqrt());
                (uniform, uniform)
            }
            InitScheme::FanOut => (Spread::Normal(0.01), Spread::Normal(0.0)),
        };
        let weight = self.random(format!("{prefix}.weight"), Role::LinearWeight, &[outputs, inputs], of_weight)?;
        let bias = self.random(format!("{prefix}.bias"), Role::LinearBias, &[outputs], of_bias)?;
        Ok((weight, bias))
    }

    /// A batch-norm's scale and shift, called `prefix.weight` and `prefix.bias`.
    pub fn norm_affine(&mut self, prefix: &str, channels: usize) -> candle_core::Result<(Var, Var)> {
        let one = if matches!(self.init, Init::Zero) { 0.0 } else { 1.0 };
        let scale = self.push(format!("{prefix}.weight"), Role::NormScale, vec![one; channels], &[channels])?;
        let shift = self.push(format!("{prefix}.bias"), Role::NormShift, vec![0.0; channels], &[channels])?;
        Ok((scale, shift))
    }

    /// A batch-norm's running mean and variance, called `prefix.running_mean` and `prefix.running_var`.
    pub fn running_statistics(&mut self, prefix: &str, channels: usize) -> candle_core::Result<(Var, Var)> {
        let mean = Var::zeros(channels, self.dtype, &self.device)?;
        let var = Var::ones(channels, self.dtype, &self.device)?;
        self.buffers.push(Buffer { name: format!("{prefix}.running_mean"), var: mean.clone() });
        self.buffers.push(Buffer { name: format!("{prefix}.running_var"), var: var.clone() });
        Ok((mean, var))
    }

    /// Everything that was made.
    pub fn finish(self) -> (Params, Buffers) {
        (Params(self.params), Buffers(self.buffers))
    }

    fn random(&mut self, name: String, role: Role, shape: &[usize], spread: Spread) -> candle_core::Result<Var> {
        let count = shape.iter().product();
        let values = match self.init {
            Init::Zero => vec![0.0; count],
            Init::Seeded(seed) => {
                let mut stream = seed.child(&name).stream();
                let mut draw = || match spread {
                    Spread::Uniform(bound) => bound * (2.0 * stream.unit() - 1.0),
                    // Not a negative zero.
                    Spread::Normal(0.0) => 0.0,
                    Spread::Normal(deviation) => deviation * stream.normal(),
                };
                (0..count).map(|_| draw() as f32).collect()
            }
        };
        self.push(name, role, values, shape)
    }

    fn push(&mut self, name: String, role: Role, values: Vec<f32>, shape: &[usize]) -> candle_core::Result<Var> {
        let tensor = Tensor::from_vec(values, Shape::from(shape), &self.device)?.to_dtype(self.dtype)?;
        let var = Var::from_tensor(&tensor)?;
        self.params.push(Param { name, role, var: var.clone() });
        Ok(var)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(init: Init, dtype: DType) -> (Params, Buffers) {
        let mut builder = Builder::new(init, dtype, &Device::Cpu);
        builder.conv_weight("a.conv.weight".into(), [4, 2, 3, 3]).unwrap();
        builder.norm_affine("a.bn", 4).unwrap();
        builder.running_statistics("a.bn", 4).unwrap();
        builder.linear("classifier", 10, 4).unwrap();
        builder.finish()
    }

    fn seeded(seed: u64, dtype: DType) -> Params {
        small(Init::Seeded(Seed::root(seed)), dtype).0
    }

    fn values(param: &Param) -> Vec<f64> {
        crate::net::host_f64(&param.var).unwrap()
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
        assert!(error.contains(&format!("{} parameters are to be set from {}", to.len(), to.len() - 1)), "{error}");
    }

    #[test]
    fn order_names_and_roles_are_those_of_construction() {
        let (params, buffers) = small(Init::Zero, DType::F32);
        let listed: Vec<_> = params.iter().map(|param| (param.name.as_str(), param.role)).collect();
        let expected = [
            ("a.conv.weight", Role::ConvWeight),
            ("a.bn.weight", Role::NormScale),
            ("a.bn.bias", Role::NormShift),
            ("classifier.weight", Role::LinearWeight),
            ("classifier.bias", Role::LinearBias),
        ];
        assert_eq!(listed, expected);
        let names: Vec<_> = buffers.iter().map(|buffer| buffer.name.as_str()).collect();
        assert_eq!(names, ["a.bn.running_mean", "a.bn.running_var"]);
    }

    #[test]
    fn both_types_start_from_equal_values_inside_the_bound() {
        let (single, double) = (seeded(1, DType::F32), seeded(1, DType::F64));
        for (a, b) in single.iter().zip(&double) {
            assert_eq!(values(a), values(b), "{}", a.name);
        }
        let bound = 1.0 / 18f64.sqrt();
        let weight = values(single.get("a.conv.weight").unwrap());
        assert!(weight.iter().all(|w| w.abs() <= bound));
        assert!(weight.iter().any(|w| *w > 0.9 * bound) && weight.iter().any(|w| *w < -0.9 * bound));
        assert_eq!(values(single.get("a.bn.weight").unwrap()), [1.0; 4]);
        assert_ne!(values(seeded(2, DType::F32).get("a.conv.weight").unwrap()), weight);
    }

    #[test]
    fn residual_networks_start_from_normal_weights() {
        let init = Init::Seeded(Seed::root(1));
        let mut builder = Builder::new(init, DType::F64, &Device::Cpu);
        builder.set_scheme(InitScheme::FanOut);
        builder.conv_weight("conv.weight".into(), [32, 16, 3, 3]).unwrap();
        builder.linear("classifier", 10, 400).unwrap();
        let (params, _) = builder.finish();
        for (name, deviation) in [("conv.weight", (2.0 / (9.0 * 32.0_f64)).sqrt()), ("classifier.weight", 0.01)] {
            let weight = values(params.get(name).unwrap());
            let scaled: Vec<f64> = weight.iter().map(|w| w / deviation).collect();
            let moment = |power| scaled.iter().map(|w| w.powi(power)).sum::<f64>() / scaled.len() as f64;
            assert!(moment(1).abs() < 0.06 && (moment(2) - 1.0).abs() < 0.1, "{name}: {} {}", moment(1), moment(2));
            assert!((moment(4) - 3.0).abs() < 0.5, "{name} is not normal: {}", moment(4));
        }
        assert_eq!(values(params.get("classifier.bias").unwrap()), [0.0; 10]);
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
