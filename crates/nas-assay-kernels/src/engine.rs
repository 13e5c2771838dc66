//! The two implementations of the layers, and the choice between them.

use crate::composed;
use crate::cpu::{self, Moments, Running, Window};
use crate::slice::Slice;
use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var, bail};
use std::ops::Range;

/// Which implementation of the layers runs. The functions are documented at their implementation in [`cpu`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// [`cpu`]: fused kernels for the CPU, with the same bits on every machine.
    Kernels,
    /// [`composed`]: compositions of Candle operations, for every device.
    Composed,
}

impl Engine {
    /// The implementation to use on a device.
    pub fn for_device(device: &Device) -> Self {
        if device.is_cpu() || device.is_cuda() { Self::Kernels } else { Self::Composed }
    }

    /// The gradient of the scalar `loss` by every variable that it depends on; see [`cpu::backward`].
    pub fn backward(self, loss: &Tensor) -> Result<GradStore> {
        match self {
            Self::Kernels => cpu::backward(loss),
            Self::Composed => loss.backward(),
        }
    }

    /// The gradient of the scalar `loss` by `variables`, and possibly by others; see [`cpu::backward_to`].
    pub fn backward_to(self, loss: &Tensor, variables: &[Var]) -> Result<GradStore> {
        match self {
            Self::Kernels => cpu::backward_to(loss, variables),
            Self::Composed => loss.backward(),
        }
    }

    /// The gradient of the scalar `loss` by `variables`, in a form that can be differentiated once more, by [`Engine::backward_to`]; see
    /// [`cpu::differentiable_backward`].
    ///
    /// # Errors
    /// Those of [`Engine::hessian_gradient`].
    pub fn differentiable_backward(self, loss: &Tensor, variables: &[Var]) -> Result<GradStore> {
        match self {
            Self::Kernels => cpu::differentiable_backward(loss, variables),
            Self::Composed if cpu::candle_keeps_the_graph()? => loss.backward(),
            Self::Composed => bail!(
                "second derivatives of composed layers need CANDLE_GRAD_DO_NOT_DETACH=1 in the environment; without it Candle \
                 computes only a part of them"
            ),
        }
    }

    /// The gradient `g` of the scalar `loss` by `variables` and `others`, and the product `H g` of the Hessian by `variables` with `g`:
    /// the gradient of `Σ g v` for the constant `v = g`. A variable that `loss` does not depend on has no entry.
    ///
    /// # Errors
    /// With composed layers, unless Candle keeps the graph of gradients on this thread. Otherwise Candle would drop a part of the second
    /// derivative without an error.
    pub fn hessian_gradient(self, loss: &Tensor, variables: &[Var], others: &[Var]) -> Result<[GradStore; 2]> {
        let gradients = self.differentiable_backward(loss, &[variables, others].concat())?;
        let found = variables.iter().filter_map(|variable| gradients.get(variable));
        let terms = found.map(|g| self.sum_all(&self.times_constant(g, g)?)).collect::<Result<Vec<Tensor>>>()?;
        if terms.is_empty() {
            return Ok([gradients, GradStore::default()]);
        }
        let products = self.backward_to(&self.add_all(&terms.iter().collect::<Vec<_>>())?, variables)?;
        Ok([gradients, products])
    }

    /// See [`cpu::times_ones()`].
    pub fn times_ones(self, y: &Tensor, ones: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::times_ones(y, ones),
            Self::Composed => composed::times_ones(y, ones),
        }
    }

    /// See [`cpu::conv2d`].
    pub fn conv2d(self, x: &Tensor, w: &Tensor, window: Window) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::conv2d(x, w, window),
            Self::Composed => composed::conv2d(x, w, window),
        }
    }

    /// See [`cpu::conv2d_slice`].
    pub fn conv2d_slice(self, x: &Tensor, w: &Tensor, slice: &Slice, window: Window) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::conv2d_slice(x, w, slice, window),
            Self::Composed => composed::conv2d_slice(x, w, slice, window),
        }
    }

    /// Whether a layer before or after a ReLU of `x` should compute the ReLU, too: see [`cpu::conv2d_of_relu`] and
    /// [`cpu::batch_norm_relu`].
    pub fn fuses_relu(self, x: &Tensor) -> bool {
        self == Self::Kernels && x.device().is_cuda()
    }

    /// See [`cpu::conv2d_of_relu`].
    pub fn conv2d_of_relu(self, x: &Tensor, w: &Tensor, window: Window) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::conv2d_of_relu(x, w, window),
            Self::Composed => composed::conv2d(&composed::relu(x)?, w, window),
        }
    }

    /// See [`cpu::conv2d_slice_of_relu`].
    pub fn conv2d_slice_of_relu(self, x: &Tensor, w: &Tensor, slice: &Slice, window: Window) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::conv2d_slice_of_relu(x, w, slice, window),
            Self::Composed => composed::conv2d_slice(&composed::relu(x)?, w, slice, window),
        }
    }

    /// See [`cpu::slice()`].
    pub fn slice(self, w: &Tensor, slice: &Slice) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::slice(w, slice),
            Self::Composed => composed::slice(w, slice),
        }
    }

    /// See [`cpu::relu`].
    pub fn relu(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::relu(x),
            Self::Composed => composed::relu(x),
        }
    }

    /// See [`cpu::avg_pool2d`].
    pub fn avg_pool2d(self, x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::avg_pool2d(x, kernel, stride, padding),
            Self::Composed => composed::avg_pool2d(x, kernel, stride, padding),
        }
    }

    /// See [`cpu::max_pool2d`].
    pub fn max_pool2d(self, x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::max_pool2d(x, kernel, stride, padding),
            Self::Composed => composed::max_pool2d(x, kernel, stride, padding),
        }
    }

    /// See [`cpu::halving_max_pool2d`].
    pub fn halving_max_pool2d(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::halving_max_pool2d(x),
            Self::Composed => composed::halving_max_pool2d(x),
        }
    }

    /// See [`cpu::even_and_odd_pixels`].
    pub fn even_and_odd_pixels(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::even_and_odd_pixels(x),
            Self::Composed => composed::even_and_odd_pixels(x),
        }
    }

    /// See [`cpu::join_rows`].
    pub fn join_rows(self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::join_rows(x, y),
            Self::Composed => composed::join_rows(x, y),
        }
    }

    /// See [`cpu::batch_norm`].
    pub fn batch_norm(self, x: &Tensor, affine: Option<(&Tensor, &Tensor)>, eps: f64) -> Result<(Tensor, Moments)> {
        match self {
            Self::Kernels => cpu::batch_norm(x, affine, eps),
            Self::Composed => composed::batch_norm(x, affine, eps),
        }
    }

    /// See [`cpu::batch_norm_fixed`].
    pub fn batch_norm_fixed(
        self,
        x: &Tensor,
        (mean, var): (&Tensor, &Tensor),
        affine: Option<(&Tensor, &Tensor)>,
        eps: f64,
    ) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::batch_norm_fixed(x, mean, var, affine, eps),
            Self::Composed => composed::batch_norm_fixed(x, mean, var, affine, eps),
        }
    }

    /// See [`cpu::batch_norm_tracked`].
    pub fn batch_norm_tracked(
        self,
        x: &Tensor,
        affine: Option<(&Tensor, &Tensor)>,
        eps: f64,
        running: Option<Running<'_>>,
    ) -> Result<Tensor> {
        if self == Self::Kernels {
            return cpu::batch_norm_tracked(x, affine, eps, running);
        }
        let (y, moments) = composed::batch_norm(x, affine, eps)?;
        if let Some(running) = running {
            running.follow(&moments, x.elem_count() / x.dim(1)?)?;
        }
        Ok(y)
    }

    /// See [`cpu::batch_norm_relu`].
    pub fn batch_norm_relu(
        self,
        x: &Tensor,
        affine: Option<(&Tensor, &Tensor)>,
        eps: f64,
        running: Option<Running<'_>>,
    ) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::batch_norm_relu(x, affine, eps, running),
            Self::Composed => composed::relu(&self.batch_norm_tracked(x, affine, eps, running)?),
        }
    }

    /// See [`cpu::global_avg_pool`].
    pub fn global_avg_pool(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::global_avg_pool(x),
            Self::Composed => composed::global_avg_pool(x),
        }
    }

    /// See [`cpu::linear()`].
    pub fn linear(self, x: &Tensor, w: &Tensor, b: Option<&Tensor>) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::linear(x, w, b),
            Self::Composed => composed::linear(x, w, b),
        }
    }

    /// See [`cpu::cross_entropy`].
    pub fn cross_entropy(self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::cross_entropy(logits, labels),
            Self::Composed => composed::cross_entropy(logits, labels),
        }
    }

    /// See [`cpu::sum_all`].
    pub fn sum_all(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::sum_all(x),
            Self::Composed => composed::sum_all(x),
        }
    }

    /// See [`cpu::add`].
    pub fn add(self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::add(x, y),
            Self::Composed => composed::add(x, y),
        }
    }

    /// See [`cpu::times_constant`].
    pub fn times_constant(self, x: &Tensor, factors: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::times_constant(x, factors),
            Self::Composed => x.mul(&factors.detach()),
        }
    }

    /// See [`cpu::add_all`].
    pub fn add_all(self, terms: &[&Tensor]) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::add_all(terms),
            Self::Composed => composed::add_all(terms),
        }
    }

    /// See [`cpu::take_channels`].
    pub fn take_channels(self, x: &Tensor, channels: Range<usize>) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::take_channels(x, channels),
            Self::Composed => composed::take_channels(x, channels),
        }
    }

    /// See [`cpu::place_channels`].
    pub fn place_channels(self, x: &Tensor, start: usize, total: usize) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::place_channels(x, start, total),
            Self::Composed => composed::place_channels(x, start, total),
        }
    }

    /// See [`cpu::join_channels`].
    pub fn join_channels(self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::join_channels(x, y),
            Self::Composed => composed::join_channels(x, y),
        }
    }

    /// See [`cpu::add_channels`].
    pub fn add_channels(self, x: &Tensor, y: &Tensor, start: usize) -> Result<Tensor> {
        match self {
            Self::Kernels => cpu::add_channels(x, y, start),
            Self::Composed => composed::add_channels(x, y, start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::on_each_device;
    use crate::{Channels, host_f64};
    use candle_core::{DType, Shape, Var};
    use nas_assay_base::seed::{Seed, Stream};
    use proptest::prelude::*;

    fn random(stream: &mut Stream, dtype: DType, shape: &[usize], device: &Device) -> Tensor {
        let values: Vec<f64> = (0..shape.iter().product()).map(|_| stream.normal()).collect();
        Tensor::from_vec(values, Shape::from(shape), &Device::Cpu)
            .unwrap()
            .to_dtype(dtype)
            .unwrap()
            .to_device(device)
            .unwrap()
    }

    /// Compares the layers on `device`, of both engines, with the kernels on the CPU: the values of `f`, and the gradients of a random projection
    /// of `f` by all `inputs`.
    fn check_agreement(
        device: &Device,
        seed: u64,
        inputs: &[&[usize]],
        f: impl Fn(Engine, &[Tensor]) -> Result<Tensor>,
    ) -> std::result::Result<(), TestCaseError> {
        // Double precision shows that both are the same function. Single precision shows that both work in that type too; few of its
        // digits are left in sums that nearly cancel, such as sums over a channel of little variance.
        for (dtype, tolerance) in [(DType::F32, 3e-4), (DType::F64, 1e-12)] {
            let run = |engine: Engine, device: &Device| {
                let mut stream = Seed::root(seed).stream();
                let mut draw = |shape: &[usize]| random(&mut stream, dtype, shape, device);
                let vars: Vec<Var> = inputs.iter().map(|shape| Var::from_tensor(&draw(shape)).unwrap()).collect();
                let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
                let y = f(engine, &tensors).unwrap();
                let gradients = y.mul(&draw(y.dims())).unwrap().sum_all().unwrap().backward().unwrap();
                let mut found = vec![host_f64(&y).unwrap()];
                found.extend(vars.iter().map(|var| host_f64(gradients.get(var).unwrap()).unwrap()));
                found
            };
            let kernels = run(Engine::Kernels, &Device::Cpu);
            for engine in [Engine::Kernels, Engine::Composed] {
                let found = run(engine, device);
                for (which, (a, b)) in kernels.iter().zip(&found).enumerate() {
                    prop_assert_eq!(a.len(), b.len());
                    let scale = b.iter().fold(1.0f64, |scale, x| scale.max(x.abs()));
                    for (a, b) in a.iter().zip(b) {
                        let off = (a - b).abs();
                        prop_assert!(
                            off <= tolerance * scale,
                            "{:?} {:?}, part {}: {} and {}",
                            engine,
                            dtype,
                            which,
                            a,
                            b
                        );
                    }
                }
            }
        }
        Ok(())
    }

    on_each_device!(
        convolutions_agree,
        slices_agree,
        pools_and_pointwise_layers_agree,
        norms_agree,
        heads_agree,
        channels_agree,
        special_values_agree,
    );

    fn cases() -> ProptestConfig {
        ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) }
    }

    fn convolutions_agree(device: &Device) {
        proptest!(cases(), |(
            seed in any::<u64>(), n in 1usize..4, groups in 1usize..4, cg in 1usize..4, og in 1usize..4,
            kernel in prop::sample::select(vec![1usize, 3, 5]), stride in 1usize..3, dilation in 1usize..3,
            height in 5usize..12, width in 5usize..12,
        )| {
            let window = Window { stride, padding: dilation * (kernel / 2), dilation, groups };
            let shapes: [&[usize]; 2] = [&[n, groups * cg, height, width], &[groups * og, cg, kernel, kernel]];
            check_agreement(device, seed, &shapes, |engine, x| engine.conv2d(&x[0], &x[1], window))?;
        });
    }

    /// Parts of a weight of 8 outputs and 8 inputs: first and picked channels, one group and several.
    fn slices_agree(device: &Device) {
        let (first, picked) = (Channels::First, |indices: &[u32]| Channels::Picked(indices.into()));
        proptest!(cases(), |(
            seed in any::<u64>(), kernel in prop::sample::select(vec![1usize, 3]), stride in 1usize..3, which in 0usize..4,
        )| {
            let (outputs, inputs, groups) = match which {
                0 => (first(3), first(5), 1),
                1 => (picked(&[0, 5, 6]), picked(&[1, 2, 7]), 1),
                2 => (first(8), first(4), 4),
                _ => (picked(&[1, 2, 5, 7]), first(6), 2),
            };
            let image: &[usize] = &[2, inputs.len(), 5, 6];
            let slice = Slice { outputs, inputs, groups };
            let weight: &[usize] = &[8, 8, kernel, kernel];
            let window = Window { stride, padding: kernel / 2, dilation: 1, groups };
            check_agreement(device, seed, &[image, weight], |engine, x| {
                engine.conv2d_slice(&x[0], &x[1], &slice, window)
            })?;
            check_agreement(device, seed, &[weight], |engine, x| engine.slice(&x[0], &slice))?;
            let vector = Slice::vector(slice.outputs.clone());
            check_agreement(device, seed, &[&[8]], |engine, x| engine.slice(&x[0], &vector))?;
        });
    }

    fn pools_and_pointwise_layers_agree(device: &Device) {
        proptest!(cases(), |(
            seed in any::<u64>(), n in 1usize..4, c in 1usize..5, height in 4usize..10, width in 4usize..10,
        )| {
            let shape: &[usize] = &[n, c, height, width];
            for (kernel, stride, padding) in [(3, 1, 1), (2, 2, 0), (3, 2, 1)] {
                check_agreement(device, seed, &[shape], |engine, x| engine.avg_pool2d(&x[0], kernel, stride, padding))?;
                check_agreement(device, seed, &[shape], |engine, x| engine.max_pool2d(&x[0], kernel, stride, padding))?;
            }
            check_agreement(device, seed, &[shape], |engine, x| engine.halving_max_pool2d(&x[0]))?;
            check_agreement(device, seed, &[shape], |engine, x| engine.even_and_odd_pixels(&x[0]))?;
            let fewer: &[usize] = &[1, c, height, width];
            check_agreement(device, seed, &[shape, fewer], |engine, x| engine.join_rows(&x[0], &x[1]))?;
            check_agreement(device, seed, &[shape], |engine, x| engine.relu(&x[0]))?;
            check_agreement(device, seed, &[shape], |engine, x| engine.global_avg_pool(&x[0]))?;
            check_agreement(device, seed, &[shape], |engine, x| engine.sum_all(&x[0]))?;
            check_agreement(device, seed, &[shape, shape], |engine, x| engine.add(&x[0], &x[1]))?;
            check_agreement(device, seed, &[shape, shape], |engine, x| engine.add(&engine.times_constant(&x[0], &x[1])?, &x[1]))?;
            check_agreement(device, seed, &[shape; 4], |engine, x| engine.add_all(&x.iter().collect::<Vec<_>>()))?;
        });
    }

    fn norms_agree(device: &Device) {
        proptest!(cases(), |(
            seed in any::<u64>(), n in 2usize..5, c in 1usize..5, height in 2usize..7, width in 2usize..7,
        )| {
            let (image, channel): (&[usize], &[usize]) = (&[n, c, height, width], &[c]);
            check_agreement(device, seed, &[image], |engine, x| Ok(engine.batch_norm(&x[0], None, 1e-5)?.0))?;
            check_agreement(device, seed, &[image, channel, channel], |engine, x| {
                Ok(engine.batch_norm(&x[0], Some((&x[1], &x[2])), 1e-5)?.0)
            })?;
            check_agreement(device, seed, &[image, channel, channel], |engine, x| {
                let (mean, var) = (x[1].detach(), x[2].detach().sqr()?);
                engine.batch_norm_fixed(&x[0], (&mean, &var), Some((&x[1], &x[2])), 1e-5)
            })?;
            check_agreement(device, seed, &[image], |engine, x| {
                let moments = engine.batch_norm(&x[0], None, 1e-5)?.1;
                // The moments have no gradient. The last term has one, so that there is a gradient to compare.
                let sum = x[0].sum_all()?.reshape(1)?;
                Tensor::cat(&[moments.mean.to_dtype(sum.dtype())?, moments.var.to_dtype(sum.dtype())?, sum], 0)
            })?;
        });
    }

    fn heads_agree(device: &Device) {
        proptest!(cases(), |(
            seed in any::<u64>(), n in 1usize..6, inputs in 1usize..20, outputs in 1usize..12,
        )| {
            let (x, w, b): (&[usize], &[usize], &[usize]) = (&[n, inputs], &[outputs, inputs], &[outputs]);
            check_agreement(device, seed, &[x, w], |engine, x| engine.linear(&x[0], &x[1], None))?;
            check_agreement(device, seed, &[x, w, b], |engine, x| engine.linear(&x[0], &x[1], Some(&x[2])))?;
            let labels: Vec<u32> = (0..n).map(|image| (image % outputs) as u32).collect();
            check_agreement(device, seed, &[&[n, outputs]], |engine, x| {
                engine.cross_entropy(&x[0], &Tensor::new(labels.as_slice(), x[0].device())?)
            })?;
        });
    }

    fn channels_agree(device: &Device) {
        proptest!(cases(), |(
            seed in any::<u64>(), n in 1usize..4, a in 1usize..5, b in 1usize..5, height in 1usize..6, width in 1usize..6,
        )| {
            let (x, y, both): (&[usize], &[usize], &[usize]) =
                (&[n, a, height, width], &[n, b, height, width], &[n, a + b, height, width]);
            check_agreement(device, seed, &[both], |engine, x| engine.take_channels(&x[0], a..a + b))?;
            check_agreement(device, seed, &[x], |engine, x| engine.place_channels(&x[0], b, a + b + 1))?;
            check_agreement(device, seed, &[x, y], |engine, x| engine.join_channels(&x[0], &x[1]))?;
            check_agreement(device, seed, &[both, y], |engine, x| engine.add_channels(&x[0], &x[1], a))?;
        });
    }

    /// A network that diverges must show it on both engines.
    fn special_values_agree(device: &Device) {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let rows = [[-inf, 0.0, -0.0, 1.0], [inf, -1.0, 2.0, 2.0], [nan, 1.0, -inf, 3.0], [-inf, -inf, 0.5, nan]];
        for dtype in [DType::F32, DType::F64] {
            let run = |engine: Engine, device: &Device| -> Vec<String> {
                let x =
                    Tensor::new(&[[rows]], &Device::Cpu).unwrap().to_dtype(dtype).unwrap().to_device(device).unwrap();
                let pooled = [(3, 1, 1), (2, 2, 0), (3, 2, 1)].map(|(k, s, p)| engine.max_pool2d(&x, k, s, p).unwrap());
                let text = |y: &Tensor| format!("{:?}", host_f64(y).unwrap()).replace("-0.0", "0.0");
                let halved = engine.halving_max_pool2d(&x.narrow(3, 0, 3).unwrap().contiguous().unwrap()).unwrap();
                pooled.iter().chain([&halved, &engine.relu(&x).unwrap()]).map(text).collect()
            };
            let expected = run(Engine::Kernels, &Device::Cpu);
            for engine in [Engine::Kernels, Engine::Composed] {
                assert_eq!(expected, run(engine, device), "{engine:?} {dtype:?}");
            }
        }
    }
}
