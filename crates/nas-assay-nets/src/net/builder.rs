//! Makes the parameters and running statistics of a network, and draws their first values.

use super::{Buffer, Buffers, Param, Params, Role, params::NamedTensors};
use candle_core::{DType, Device, Shape, Tensor, Var};
use nas_assay_base::seed::Seed;
use std::ops::Range;

/// What new parameters start from.
#[derive(Clone, Copy, Debug)]
pub enum Init {
    /// Random numbers, for each parameter from the child of this seed with the parameter's name.
    ///
    /// The network decides how they are distributed. Numbers are drawn in f64 and rounded to f32 first, so that networks of either
    /// type start from equal values.
    Seeded(Seed),
    /// Zeros, for a network that is to be loaded.
    Zero,
}

/// How random parameters are distributed. Batch-norm always starts at scale one and shift zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitScheme {
    /// PyTorch's default: weights and biases uniform in ±1/√`fan_in` (Kaiming-uniform with a = √5).
    #[default]
    FanIn,
    /// That of residual networks (He et al., "Delving Deep into Rectifiers", 2015): weights of convolutions normal with variance
    /// 2/`fan_out`, where `fan_out` is kernel height times kernel width times outputs; weights of linear layers normal with deviation
    /// 0.01, biases zero.
    FanOut,
}

/// A distribution around zero.
#[derive(Clone, Copy, Debug)]
enum Distribution {
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

    /// What `make` makes, and the places of its parameters in the network's list.
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
            InitScheme::FanIn => Distribution::Uniform(1.0 / ((inputs * height * width) as f64).sqrt()),
            InitScheme::FanOut => Distribution::Normal((2.0 / (outputs * height * width) as f64).sqrt()),
        };
        self.random(name, Role::ConvWeight, &shape, spread)
    }

    /// A linear layer's matrix `[out, in]`, called `prefix.weight`, and bias `[out]`, called `prefix.bias`.
    pub fn linear(&mut self, prefix: &str, outputs: usize, inputs: usize) -> candle_core::Result<(Var, Var)> {
        let (of_weight, of_bias) = match self.scheme {
            InitScheme::FanIn => {
                let uniform = Distribution::Uniform(1.0 / (inputs as f64).sqrt());
                (uniform, uniform)
            }
            InitScheme::FanOut => (Distribution::Normal(0.01), Distribution::Normal(0.0)),
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
        (NamedTensors(self.params), NamedTensors(self.buffers))
    }

    fn random(&mut self, name: String, role: Role, shape: &[usize], spread: Distribution) -> candle_core::Result<Var> {
        let count = shape.iter().product();
        let values = match self.init {
            Init::Zero => vec![0.0; count],
            Init::Seeded(seed) => {
                let mut stream = seed.child(&name).stream();
                let mut draw = || match spread {
                    Distribution::Uniform(bound) => bound * (2.0 * stream.unit() - 1.0),
                    // Zero times a draw could be a negative zero.
                    Distribution::Normal(0.0) => 0.0,
                    Distribution::Normal(deviation) => deviation * stream.normal(),
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
pub(super) mod tests {
    use super::*;

    /// A convolution with its batch-norm, and a classifier.
    pub fn small(init: Init, dtype: DType) -> (Params, Buffers) {
        let mut builder = Builder::new(init, dtype, &Device::Cpu);
        builder.conv_weight("a.conv.weight".into(), [4, 2, 3, 3]).unwrap();
        builder.norm_affine("a.bn", 4).unwrap();
        builder.running_statistics("a.bn", 4).unwrap();
        builder.linear("classifier", 10, 4).unwrap();
        builder.finish()
    }

    pub fn seeded(seed: u64, dtype: DType) -> Params {
        small(Init::Seeded(Seed::root(seed)), dtype).0
    }

    pub fn values(param: &Param) -> Vec<f64> {
        crate::net::host_f64(&param.var).unwrap()
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
}
