//! Stochastic gradient descent, in place.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor, Var, bail};
use rayon::prelude::*;

use super::element::{Array, Element};
use super::elementwise::BLOCK;
use super::isa::{Isa, vectorised};

/// The numbers of one step, the same for all parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// Learning rate.
    pub learning_rate: f64,
    /// The part of the velocity that is kept.
    pub momentum: f64,
    /// The part of the weights that is added to their gradient.
    pub weight_decay: f64,
    /// The factor of the gradient: 1, or less if its norm is clipped.
    pub gradient_scale: f64,
    /// Whether this is Nesterov momentum (Sutskever et al. 2013, in the form of `PyTorch`).
    pub nesterov: bool,
}

/// One step of `PyTorch`'s SGD (dampening 0): with `d = scale g + decay w`, first `v = momentum v + d`, then `w -= rate v`, or with
/// Nesterov momentum `w -= rate (d + momentum v)`.
///
/// The velocity of the first step is zeros.
///
/// # Errors
/// If the tensors differ in shape or type, are not contiguous, or are not on the CPU.
pub fn sgd_step(weights: &Var, velocity: &Var, gradient: &Tensor, step: SgdStep) -> Result<()> {
    for (name, other) in [("velocity", velocity.as_tensor()), ("gradient", gradient)] {
        if other.dims() != weights.dims() || other.dtype() != weights.dtype() {
            bail!(
                "sgd: a {name} of shape {:?} and type {:?} for weights of shape {:?} and type {:?}",
                other.dims(),
                other.dtype(),
                weights.dims(),
                weights.dtype()
            );
        }
    }
    let gradient = gradient.detach().contiguous()?;
    velocity.inplace_op3(&gradient, weights, &VelocityUpdate(step))?;
    weights.inplace_op3(velocity, &gradient, &WeightUpdate(step))
}

/// `v <- momentum v + scale g + decay w`, for `(v, g, w)`
struct VelocityUpdate(SgdStep);

/// `w <- w - rate (...)`, for `(w, v, g)`
struct WeightUpdate(SgdStep);

/// Overwrites the last argument, given `(a, b, numbers)`.
type Update<T> = fn(Isa, &[T], &[T], [T; 4], &mut [T]);

/// Runs the kernel of the right type: `target <- kernel(target, a, b)`.
fn in_place(
    (target, layout): (&mut CpuStorage, &Layout),
    inputs: [(&CpuStorage, &Layout); 2],
    numbers: [f64; 4],
    single: Update<f32>,
    double: Update<f64>,
) -> Result<()> {
    fn typed<T: Element>(
        (target, layout): (&mut [T], &Layout),
        [(a, a_layout), (b, b_layout)]: [(&CpuStorage, &Layout); 2],
        numbers: [f64; 4],
        kernel: Update<T>,
    ) -> Result<()> {
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("sgd: the weights are not contiguous") };
        let (a, b) = (Array::<T>::new(a, a_layout)?, Array::<T>::new(b, b_layout)?);
        let isa = Isa::current();
        target[start..end]
            .par_chunks_mut(BLOCK)
            .zip(a.data.par_chunks(BLOCK).zip(b.data.par_chunks(BLOCK)))
            .for_each(|(target, (a, b))| kernel(isa, a, b, numbers.map(T::from_double), target));
        Ok(())
    }
    match target {
        CpuStorage::F32(target) => typed((target, layout), inputs, numbers, single),
        CpuStorage::F64(target) => typed((target, layout), inputs, numbers, double),
        _ => bail!("sgd: the weights are neither f32 nor f64"),
    }
}

impl InplaceOp3 for VelocityUpdate {
    fn name(&self) -> &'static str {
        "sgd velocity"
    }

    fn cpu_fwd(
        &self,
        v: &mut CpuStorage,
        v_layout: &Layout,
        g: &CpuStorage,
        g_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> Result<()> {
        let SgdStep { momentum, weight_decay, gradient_scale, .. } = self.0;
        let numbers = [momentum, gradient_scale, weight_decay, 0.0];
        in_place((v, v_layout), [(g, g_layout), (w, w_layout)], numbers, update_velocity::<f32>, update_velocity::<f64>)
    }
}

impl InplaceOp3 for WeightUpdate {
    fn name(&self) -> &'static str {
        "sgd weights"
    }

    fn cpu_fwd(
        &self,
        w: &mut CpuStorage,
        w_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
        g: &CpuStorage,
        g_layout: &Layout,
    ) -> Result<()> {
        let SgdStep { learning_rate, momentum, weight_decay, gradient_scale, nesterov } = self.0;
        if nesterov {
            let numbers = [momentum, gradient_scale, weight_decay, learning_rate];
            in_place((w, w_layout), [(v, v_layout), (g, g_layout)], numbers, step_nesterov::<f32>, step_nesterov::<f64>)
        } else {
            let numbers = [learning_rate, 0.0, 0.0, 0.0];
            in_place((w, w_layout), [(v, v_layout), (g, g_layout)], numbers, step_plain::<f32>, step_plain::<f64>)
        }
    }
}

vectorised! {
    fn update_velocity<T>(g: &[T], w: &[T], numbers: [T; 4], v: &mut [T]) {
        let [momentum, scale, decay, _] = numbers;
        for ((v, &g), &w) in v.iter_mut().zip(g).zip(w) {
            *v = momentum.fma(*v, decay.fma(w, scale * g));
        }
    }
}

vectorised! {
    fn step_plain<T>(v: &[T], _g: &[T], numbers: [T; 4], w: &mut [T]) {
        let [rate, ..] = numbers;
        for (w, &v) in w.iter_mut().zip(v) {
            *w -= rate * v;
        }
    }
}

vectorised! {
    fn step_nesterov<T>(v: &[T], g: &[T], numbers: [T; 4], w: &mut [T]) {
        let [momentum, scale, decay, rate] = numbers;
        for ((w, &v), &g) in w.iter_mut().zip(v).zip(g) {
            *w -= rate * momentum.fma(v, decay.fma(*w, scale * g));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, random, values};
    use super::*;
    use candle_core::DType;
    use proptest::prelude::*;

    /// Several steps, by the definition.
    fn naive(weights: &mut [f64], gradients: &[Vec<f64>], step: SgdStep) {
        let mut velocity = vec![0.0; weights.len()];
        for gradient in gradients {
            for ((w, v), g) in weights.iter_mut().zip(&mut velocity).zip(gradient) {
                let d = step.gradient_scale * g + step.weight_decay * *w;
                *v = step.momentum * *v + d;
                *w -= step.learning_rate * if step.nesterov { d + step.momentum * *v } else { *v };
            }
        }
    }

    fn run(gradients: &[Tensor], step: SgdStep, dtype: DType) -> Vec<f64> {
        let weights = Var::from_tensor(&random("weights", gradients[0].dims()).to_dtype(dtype).unwrap()).unwrap();
        let velocity = Var::zeros(weights.dims(), dtype, weights.device()).unwrap();
        for gradient in gradients {
            sgd_step(&weights, &velocity, &gradient.to_dtype(dtype).unwrap(), step).unwrap();
        }
        values(&weights)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn steps_are_their_definition(size in 1..40_000_usize, nesterov: bool, momentum in 0.0..1.0, scale in 0.1..1.0) {
            let step = SgdStep { learning_rate: 0.1, momentum, weight_decay: 5e-2, gradient_scale: scale, nesterov };
            let gradients: Vec<Tensor> = (0..3).map(|i| random(&format!("gradient {i}"), &[size])).collect();
            let mut expected = values(&random("weights", &[size]));
            naive(&mut expected, &gradients.iter().map(values).collect::<Vec<_>>(), step);
            assert_close("in f64", &run(&gradients, step, DType::F64), &expected, 1e-14);
            let single = run(&gradients, step, DType::F32);
            assert_close("in f32", &single, &expected, 1e-6);
            prop_assert_eq!(Isa::PORTABLE.force(|| run(&gradients, step, DType::F32)), single.clone());
            let five = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
            prop_assert_eq!(five.install(|| run(&gradients, step, DType::F32)), single);
        }
    }

    #[test]
    fn other_shapes_are_an_error() {
        let step =
            SgdStep { learning_rate: 1.0, momentum: 0.0, weight_decay: 0.0, gradient_scale: 1.0, nesterov: false };
        let (two, three) = (Var::from_tensor(&random("w", &[2])).unwrap(), random("g", &[3]));
        let velocity = Var::from_tensor(&random("v", &[2])).unwrap();
        assert!(sgd_step(&two, &velocity, &three, step).unwrap_err().to_string().contains("a gradient of shape [3]"));
    }
}
