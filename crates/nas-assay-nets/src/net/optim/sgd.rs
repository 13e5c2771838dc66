//! Stochastic gradient descent with momentum, weight decay and gradient-norm clipping.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Error, Tensor, Var};
use candle_nn::Optimizer;

use super::OptimError;
use crate::net::Engine;
use nas_assay_kernels::cpu::{SgdStep, sgd_step, sum_squares};
use nas_assay_kernels::gpu::{EpochResults, TrainingSteps};

/// PyTorch adds this to the gradient norm before it divides by it.
const CLIP_EPSILON: f64 = 1e-6;

/// Settings of [`Sgd`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdConfig {
    /// Learning rate, at least 0. A schedule changes it by [`Optimizer::set_learning_rate`].
    pub learning_rate: f64,
    /// Share of the last velocity that is kept, in `[0, 1)`.
    pub momentum: f64,
    /// Factor of the parameter that is added to its gradient after clipping, at least 0.
    pub weight_decay: f64,
    /// Largest Euclidean norm of all gradients together; larger ones are scaled down to it. `None` never scales.
    pub clip: Option<f64>,
    /// Whether a step changes a parameter without a gradient, such as that of an operation that was not sampled in this step of a supernet.
    ///
    /// `true` gives it a gradient of zero: weight decay and momentum still move it. PyTorch before 2.0 did so, because its
    /// `zero_grad` left zeros behind, and the published supernets were trained with it. (There a parameter stayed as it was until its
    /// first gradient; here it decays from the first step.) `false` leaves the parameter and its velocity alone, as PyTorch does since
    /// 2.0. On NAS-Bench-201 an operation decays five times as much with `true`.
    pub decay_unsampled: bool,
}

/// Stochastic gradient descent over an ordered list of parameters.
///
/// For a parameter `p` with gradient `g`, velocity `v` (zero at first) and learning rate `r`, a step is that of PyTorch's `SGD` without
/// dampening and Nesterov momentum: `g ← c·g + weight_decay·p`, `v ← momentum·v + g`, `p ← p − r·v`. Here
/// `c = min(1, clip / (norm + 1e-6))` is the factor of PyTorch's `clip_grad_norm_`. The norm is taken in double precision, parameter
/// by parameter in their order.
///
/// As a Candle [`Optimizer`] it gives errors of Candle's type; [`Sgd::try_new`] and [`Sgd::try_step`] say more.
#[derive(Debug)]
pub struct Sgd {
    config: SgdConfig,
    engine: Engine,
    parameters: Vec<Var>,
    velocities: Vec<Var>,
    /// Makes the steps, if the parameters are on a GPU.
    on_gpu: Option<TrainingSteps>,
}

impl Sgd {
    /// An optimiser of `parameters` with velocities of zero. It runs on the engine of their device.
    ///
    /// # Errors
    /// [`OptimError::Setting`] for a setting out of range.
    pub fn try_new(parameters: Vec<Var>, config: SgdConfig) -> Result<Self, OptimError> {
        let SgdConfig { momentum, weight_decay, clip, .. } = config;
        require((0.0..1.0).contains(&momentum), "momentum", momentum, "at least 0 and below 1")?;
        require_rate("weight decay", weight_decay)?;
        require_rate("the learning rate", config.learning_rate)?;
        if let Some(clip) = clip {
            require(clip > 0.0 && clip.is_finite(), "the clipping norm", clip, "finite and above 0")?;
        }
        let velocities = parameters.iter().map(|p| Var::zeros(p.shape(), p.dtype(), p.device()));
        let velocities = velocities.collect::<Result<_, _>>()?;
        let device = parameters.first().map_or(&Device::Cpu, |parameter| parameter.device());
        let (engine, on_gpu) = (Engine::for_device(device), TrainingSteps::on(device, parameters.len())?);
        Ok(Self { config, engine, parameters, velocities, on_gpu })
    }

    /// The same on another engine.
    #[must_use]
    pub fn with_engine(self, engine: Engine) -> Self {
        Self { engine, on_gpu: self.on_gpu.filter(|_| engine == Engine::Kernels), ..self }
    }

    /// The parameters, in order.
    pub fn parameters(&self) -> &[Var] {
        &self.parameters
    }

    /// Moves the parameters one step down and returns the Euclidean norm that their gradients had before clipping.
    ///
    /// # Errors
    /// [`OptimError::Setting`] for a negative or non-finite learning rate, [`OptimError::Diverged`] for a gradient that is not finite.
    /// Nothing has changed then.
    pub fn try_step(&mut self, gradients: &GradStore) -> Result<f64, OptimError> {
        if self.on_gpu.is_some() {
            self.step_without_waiting(gradients)?;
            return Ok(self.finish()?.map_or(0.0, |results| results.norm));
        }
        let SgdConfig { learning_rate, momentum, weight_decay, clip, decay_unsampled } = self.config;
        require_rate("the learning rate", learning_rate)?;
        let gradients: Vec<Option<&Tensor>> =
            self.parameters.iter().map(|parameter| gradients.get(parameter)).collect();
        let norm = self.norm(&gradients)?;
        let gradient_scale = clip.map_or(1.0, |clip| (clip / (norm + CLIP_EPSILON)).min(1.0));
        let step = SgdStep { learning_rate, momentum, weight_decay, gradient_scale, nesterov: false };
        for ((parameter, velocity), gradient) in self.parameters.iter().zip(&self.velocities).zip(gradients) {
            let zeros;
            let gradient = match gradient {
                Some(gradient) => gradient,
                None if decay_unsampled => {
                    zeros = parameter.zeros_like()?;
                    &zeros
                }
                None => continue,
            };
            match self.engine {
                Engine::Kernels => sgd_step(parameter, velocity, gradient, step)?,
                Engine::Composed => composed_step(parameter, velocity, gradient, step)?,
            }
        }
        Ok(norm)
    }

    /// Like [`Sgd::try_step`], but on a GPU the step is only asked for. If a gradient is not finite, that step and all later ones change
    /// nothing, and [`Sgd::finish`] tells of it.
    ///
    /// # Errors
    /// Those of [`Sgd::try_step`]; on a GPU not [`OptimError::Diverged`].
    pub fn step_without_waiting(&mut self, gradients: &GradStore) -> Result<(), OptimError> {
        let SgdConfig { learning_rate, momentum, weight_decay, clip, decay_unsampled } = self.config;
        let Some(steps) = &mut self.on_gpu else { return self.try_step(gradients).map(drop) };
        require_rate("the learning rate", learning_rate)?;
        let gradients: Vec<Option<&Tensor>> =
            self.parameters.iter().map(|parameter| gradients.get(parameter)).collect();
        let step = SgdStep { learning_rate, momentum, weight_decay, gradient_scale: 1.0, nesterov: false };
        Ok(steps.step(&self.parameters, &self.velocities, &gradients, (step, clip, !decay_unsampled))?)
    }

    /// The steps on a GPU, for what else is to be done there.
    pub(in crate::net) fn on_gpu(&self) -> Option<&TrainingSteps> {
        self.on_gpu.as_ref()
    }

    /// Waits for the steps that a GPU was asked for; nothing on the CPU.
    ///
    /// # Errors
    /// [`OptimError::Diverged`] if a gradient was not finite. That step and all later ones have changed nothing.
    pub fn finish(&mut self) -> Result<Option<EpochResults>, OptimError> {
        let Some(steps) = &mut self.on_gpu else { return Ok(None) };
        let results = steps.finish()?;
        results.diverged.map_or(Ok(Some(results)), |parameter| Err(OptimError::Diverged { parameter }))
    }

    /// The parameters' velocities in their order, as copies that later steps do not change.
    ///
    /// # Errors
    /// [`OptimError::Tensor`] if a copy cannot be made.
    pub fn velocities(&self) -> Result<Vec<Tensor>, OptimError> {
        Ok(self.velocities.iter().map(|velocity| velocity.copy()).collect::<Result<_, _>>()?)
    }

    /// Sets the velocities to those that [`Sgd::velocities`] gave. On an error nothing has changed.
    ///
    /// # Errors
    /// [`OptimError::Count`] if there is not one for each parameter, [`OptimError::Mismatch`] if one has another shape or
    /// precision than its parameter.
    pub fn set_velocities(&mut self, velocities: &[Tensor]) -> Result<(), OptimError> {
        let (held, given) = (self.velocities.len(), velocities.len());
        if given != held {
            return Err(OptimError::Count { held, given });
        }
        for (parameter, (own, given)) in self.velocities.iter().zip(velocities).enumerate() {
            if own.shape() != given.shape() || own.dtype() != given.dtype() {
                let describe = |tensor: &Tensor| format!("{:?} {:?}", tensor.dtype(), tensor.dims());
                return Err(OptimError::Mismatch { parameter, expected: describe(own), found: describe(given) });
            }
        }
        for (own, given) in self.velocities.iter().zip(velocities) {
            own.set(given)?;
        }
        Ok(())
    }

    /// The Euclidean norm of all gradients together.
    fn norm(&self, gradients: &[Option<&Tensor>]) -> Result<f64, OptimError> {
        let given = gradients.iter().flatten().copied();
        let squares: Vec<f64> = match self.engine {
            Engine::Kernels => given.map(sum_squares).collect::<Result<_, _>>()?,
            Engine::Composed => composed_squares(given)?,
        };
        let parameters = gradients.iter().enumerate().filter_map(|(parameter, given)| given.map(|_| parameter));
        if let Some((parameter, _)) = parameters.zip(&squares).find(|(_, squares)| !squares.is_finite()) {
            return Err(OptimError::Diverged { parameter });
        }
        Ok(squares.iter().sum::<f64>().sqrt())
    }
}

impl Optimizer for Sgd {
    type Config = SgdConfig;

    fn new(vars: Vec<Var>, config: SgdConfig) -> candle_core::Result<Self> {
        Self::try_new(vars, config).map_err(Error::wrap)
    }

    fn step(&mut self, gradients: &GradStore) -> candle_core::Result<()> {
        self.try_step(gradients).map(drop).map_err(Error::wrap)
    }

    fn learning_rate(&self) -> f64 {
        self.config.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.config.learning_rate = learning_rate;
    }

    /// A step down from `loss` by the engine's own backward pass.
    fn backward_step(&mut self, loss: &Tensor) -> candle_core::Result<()> {
        let gradients = self.engine.backward(loss)?;
        self.step(&gradients)
    }
}

fn require(holds: bool, setting: &'static str, value: f64, range: &'static str) -> Result<(), OptimError> {
    if holds { Ok(()) } else { Err(OptimError::Setting { setting, value, range }) }
}

fn require_rate(setting: &'static str, value: f64) -> Result<(), OptimError> {
    require(value >= 0.0 && value.is_finite(), setting, value, "finite and at least 0")
}

/// [`sum_squares`] of each tensor from Candle's own operations. All results are copied to the host at once, since each copy waits for the
/// device.
fn composed_squares<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> candle_core::Result<Vec<f64>> {
    let squares = tensors.map(|tensor| tensor.detach().to_dtype(DType::F64)?.sqr()?.sum_all());
    let squares = squares.collect::<candle_core::Result<Vec<_>>>()?;
    if squares.is_empty() { Ok(Vec::new()) } else { Tensor::stack(&squares, 0)?.to_vec1() }
}

/// [`sgd_step`] from Candle's own operations, for devices without kernels.
fn composed_step(parameter: &Var, velocity: &Var, gradient: &Tensor, step: SgdStep) -> candle_core::Result<()> {
    let value = parameter.as_detached_tensor();
    let gradient = ((gradient.detach() * step.gradient_scale)? + (&value * step.weight_decay)?)?;
    velocity.set(&((velocity.as_detached_tensor() * step.momentum)? + gradient)?)?;
    parameter.set(&(value - (velocity.as_detached_tensor() * step.learning_rate)?)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use nas_assay_kernels::on_each_device;

    const CONFIG: SgdConfig =
        SgdConfig { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.01, clip: None, decay_unsampled: true };

    /// The parameters of the PyTorch script below.
    fn parameters(dtype: DType) -> Vec<Var> {
        parameters_on(&Device::Cpu, dtype)
    }

    fn parameters_on(device: &Device, dtype: DType) -> Vec<Var> {
        let a = Tensor::new(&[0.5, -1.0, 2.0], device).unwrap().to_dtype(dtype).unwrap();
        let b = Tensor::new(&[[1.5], [-0.25]], device).unwrap().to_dtype(dtype).unwrap();
        vec![Var::from_tensor(&a).unwrap(), Var::from_tensor(&b).unwrap()]
    }

    on_each_device!(
        steps_are_pytorchs,
        divergence_is_an_error_that_changes_nothing,
        training_goes_on_from_stored_velocities
    );

    const ENGINES: [Engine; 2] = [Engine::Kernels, Engine::Composed];

    /// A store with the given gradients: one for each parameter, `None` for a parameter that took no part.
    fn store(parameters: &[Var], gradients: &[Option<Vec<f64>>]) -> GradStore {
        let mut store = Tensor::zeros((), DType::F64, &Device::Cpu).unwrap().backward().unwrap();
        for (parameter, gradient) in parameters.iter().zip(gradients) {
            if let Some(gradient) = gradient {
                let gradient = Tensor::from_slice(gradient, parameter.shape(), parameter.device()).unwrap();
                store.insert(parameter, gradient.to_dtype(parameter.dtype()).unwrap());
            }
        }
        store
    }

    fn gradients_at(step: u32) -> Vec<Option<Vec<f64>>> {
        let t = f64::from(step);
        vec![Some(vec![0.5 * (t + 1.0), -1.25, 0.75 * t]), step.is_multiple_of(2).then(|| vec![2.0, 0.5 - t])]
    }

    fn flat<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Vec<f64> {
        let values = |t: &Tensor| t.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
        tensors.into_iter().flat_map(values).collect()
    }

    fn velocities(sgd: &Sgd) -> Vec<f64> {
        flat(&sgd.velocities().unwrap())
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (position, (found, expected)) in found.iter().zip(expected).enumerate() {
            let error = (found - expected).abs();
            assert!(error <= tolerance * expected.abs(), "at {position}: {found} is not {expected}, off by {error}");
        }
    }

    /// The values after four steps, in PyTorch 2.15, double precision:
    ///
    /// ```python
    /// a = Parameter(tensor([0.5, -1.0, 2.0], dtype=float64))
    /// b = Parameter(tensor([[1.5], [-0.25]], dtype=float64))
    /// o = SGD([a, b], lr=0.1, momentum=0.9, weight_decay=0.01)
    /// for t in range(4):
    ///     a.grad = tensor([0.5 * (t + 1), -1.25, 0.75 * t], dtype=float64)
    ///     b.grad = tensor([[2.0], [0.5 - t]], dtype=float64) if t % 2 == 0 else \
    ///              zeros(2, 1, dtype=float64) if decay_unsampled else None
    ///     if clip: norm = clip_grad_norm_([a, b], clip)
    ///     o.step()
    /// ```
    fn steps_are_pytorchs(device: &Device) {
        let a = [-0.4314864732995, 0.13843226407400006, 1.2691145716020003];
        let velocity = [4.534738227995, -4.32176938074, 4.27250026398];
        let clipped_a = [-0.05242863445435353, -0.2837372410224824, 1.5843996268118303];
        let clipped_velocity = [2.4193641435033792, -2.497233061735516, 2.194160928645259];
        let cases = [
            (None, true, a, [0.4206520951515, -0.13438999077525002], velocity, [3.296999033485, -0.9951875897475]),
            (None, false, a, [0.9158514999999999, -0.19422525], velocity, [3.826485, -1.0552475000000001]),
            (
                Some(1.5),
                true,
                clipped_a,
                [0.906176152742038, -0.2304512451352046],
                clipped_velocity,
                [1.7019204716130072, -0.36457018643944467],
            ),
            (
                Some(1.5),
                false,
                clipped_a,
                [1.1787780742404306, -0.2429971708198761],
                clipped_velocity,
                [1.9788043542805123, -0.37213201763003473],
            ),
        ];
        for (engine, (dtype, tolerance)) in
            ENGINES.into_iter().flat_map(|engine| [(DType::F64, 1e-14), (DType::F32, 4e-6)].map(|kind| (engine, kind)))
        {
            for (clip, decay_unsampled, a, b, velocity_a, velocity_b) in cases {
                let parameters = parameters_on(device, dtype);
                let config = SgdConfig { clip, decay_unsampled, ..CONFIG };
                let mut sgd = Sgd::try_new(parameters.clone(), config).unwrap().with_engine(engine);
                let mut step = |step| sgd.try_step(&store(&parameters, &gradients_at(step))).unwrap();
                let norms = [step(0), step(1), step(2), step(3)];
                assert_close(
                    &norms,
                    &[2.462214450449026, 1.7677669529663689, 3.5089172119045497, 3.2596012026013246],
                    1e-15,
                );
                assert_close(&flat(parameters.iter().map(Var::as_tensor)), &[&a[..], &b].concat(), tolerance);
                assert_close(&velocities(&sgd), &[&velocity_a[..], &velocity_b].concat(), tolerance);
            }
        }
    }

    #[test]
    fn an_unsampled_parameter_rests_or_decays() {
        for (decay_unsampled, expected) in [(false, [1.5, -0.25]), (true, [1.5 - 0.1 * 0.015, -0.25 + 0.1 * 0.0025])] {
            let parameters = parameters(DType::F64);
            let mut sgd = Sgd::try_new(parameters.clone(), SgdConfig { decay_unsampled, ..CONFIG }).unwrap();
            sgd.try_step(&store(&parameters, &[Some(vec![1.0, 1.0, 1.0]), None])).unwrap();
            assert_eq!(flat([parameters[1].as_tensor()]), expected);
        }
    }

    #[test]
    fn a_step_follows_autograd() {
        let parameters = parameters(DType::F64);
        let loss = parameters[0].sqr().unwrap().sum_all().unwrap();
        let config = SgdConfig { learning_rate: 0.25, weight_decay: 0.0, ..CONFIG };
        let mut sgd = Sgd::try_new(parameters.clone(), config).unwrap();
        let norm = sgd.try_step(&loss.backward().unwrap()).unwrap();
        assert_eq!(norm, 21f64.sqrt());
        assert_eq!(flat(parameters.iter().map(Var::as_tensor)), [0.25, -0.5, 1.0, 1.5, -0.25]);
    }

    /// The parameters after three steps down from a sum of squares, the last step at half of the learning rate.
    fn descended<O: Optimizer>(config: O::Config) -> Vec<f64> {
        let parameters = parameters(DType::F64);
        let mut optimiser = O::new(parameters.clone(), config).unwrap();
        for step in 0..3 {
            if step == 2 {
                optimiser.set_learning_rate(optimiser.learning_rate() / 2.0);
            }
            optimiser.backward_step(&parameters[0].sqr().unwrap().sum_all().unwrap()).unwrap();
        }
        flat(parameters.iter().map(Var::as_tensor))
    }

    #[test]
    fn without_momentum_and_decay_it_is_candles_optimiser() {
        let config =
            SgdConfig { learning_rate: 0.1, momentum: 0.0, weight_decay: 0.0, clip: None, decay_unsampled: false };
        assert_close(&descended::<Sgd>(config), &descended::<candle_nn::SGD>(0.1), 1e-15);
        assert_eq!(descended::<Sgd>(config)[3..], [1.5, -0.25]);
    }

    #[test]
    fn as_candles_optimiser_it_gives_the_same_messages() {
        let config = SgdConfig { momentum: 1.0, ..CONFIG };
        let typed = Sgd::try_new(vec![], config).unwrap_err().to_string();
        let error = <Sgd as Optimizer>::new(vec![], config).unwrap_err().to_string();
        assert!(error.contains(&typed), "{error}");
    }

    fn divergence_is_an_error_that_changes_nothing(device: &Device) {
        for (engine, bad) in ENGINES.into_iter().flat_map(|engine| [f64::NAN, f64::INFINITY].map(|bad| (engine, bad))) {
            let parameters = parameters_on(device, DType::F32);
            let before = flat(parameters.iter().map(Var::as_tensor));
            let mut sgd = Sgd::try_new(parameters.clone(), CONFIG).unwrap().with_engine(engine);
            let gradients = store(&parameters, &[Some(vec![1.0, 1.0, 1.0]), Some(vec![0.0, bad])]);
            let error = sgd.try_step(&gradients).unwrap_err();
            assert!(matches!(error, OptimError::Diverged { parameter: 1 }), "{error}");
            assert_eq!(flat(parameters.iter().map(Var::as_tensor)), before);
            assert_eq!(velocities(&sgd), [0.0; 5]);
        }
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let bad = [
            SgdConfig { momentum: 1.0, ..CONFIG },
            SgdConfig { momentum: f64::NAN, ..CONFIG },
            SgdConfig { weight_decay: -1e-4, ..CONFIG },
            SgdConfig { clip: Some(0.0), ..CONFIG },
            SgdConfig { learning_rate: -0.1, ..CONFIG },
        ];
        for config in bad {
            assert!(matches!(Sgd::try_new(vec![], config), Err(OptimError::Setting { .. })), "{config:?}");
        }
        let parameters = parameters(DType::F64);
        let mut sgd = Sgd::try_new(parameters.clone(), CONFIG).unwrap();
        sgd.set_learning_rate(f64::NAN);
        let gradients = store(&parameters, &gradients_at(0));
        assert!(matches!(sgd.try_step(&gradients), Err(OptimError::Setting { .. })));
    }

    fn training_goes_on_from_stored_velocities(device: &Device) {
        let trained = parameters_on(device, DType::F32);
        let mut sgd = Sgd::try_new(trained.clone(), CONFIG).unwrap();
        sgd.try_step(&store(&trained, &gradients_at(0))).unwrap();
        let stored = sgd.velocities().unwrap();
        let copy = |var: &Var| Var::from_tensor(&var.as_detached_tensor().copy().unwrap()).unwrap();
        let resumed: Vec<Var> = trained.iter().map(copy).collect();
        sgd.try_step(&store(&trained, &gradients_at(1))).unwrap();
        let mut second = Sgd::try_new(resumed.clone(), CONFIG).unwrap();
        second.set_velocities(&stored).unwrap();
        second.try_step(&store(&resumed, &gradients_at(1))).unwrap();
        let values = |vars: &[Var]| flat(vars.iter().map(Var::as_tensor));
        assert_eq!(values(&resumed), values(&trained));
        assert_eq!(velocities(&second), velocities(&sgd));
    }

    #[test]
    fn velocities_that_do_not_fit_are_refused() {
        let parameters = parameters(DType::F32);
        let mut sgd = Sgd::try_new(parameters, CONFIG).unwrap();
        let mut stored = sgd.velocities().unwrap();
        stored[0] = stored[0].ones_like().unwrap();
        stored[1] = stored[1].to_dtype(DType::F64).unwrap();
        let message = sgd.set_velocities(&stored).unwrap_err().to_string();
        assert!(message.contains("parameter 1 is F64 [2, 1]") && message.contains("F32 [2, 1]"), "{message}");
        assert_eq!(velocities(&sgd), [0.0; 5], "the first was not taken up either");
        assert!(matches!(sgd.set_velocities(&stored[..1]), Err(OptimError::Count { held: 2, given: 1 })));
    }

    /// A gradient of norm 0.5 is not touched by a limit of 2, and one of norm 5 is shortened to 2: by hand, at a rate of one.
    #[test]
    fn only_a_gradient_longer_than_the_limit_is_scaled() {
        for (gradient, expected) in [([0.3, 0.0, -0.4], [0.3, 0.0, -0.4]), ([3.0, 0.0, -4.0], [1.2, 0.0, -1.6])] {
            for engine in [Engine::Kernels, Engine::Composed] {
                let parameters = parameters(DType::F64);
                let config = SgdConfig { learning_rate: 1.0, clip: Some(2.0), weight_decay: 0.0, ..CONFIG };
                let mut sgd = Sgd::try_new(parameters.clone(), config).unwrap().with_engine(engine);
                sgd.try_step(&store(&parameters, &[Some(gradient.to_vec()), None])).unwrap();
                let after = flat([parameters[0].as_tensor()]);
                for ((before, after), step) in [0.5, -1.0, 2.0].into_iter().zip(after).zip(expected) {
                    assert!((before - after - step).abs() < 1e-6, "{engine:?}: moved {}, not {step}", before - after);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn kernels_and_composed_updates_agree(
            values in prop::collection::vec([-2.0..2.0f64, -2.0..2.0f64, -2.0..2.0f64], 1..40),
            gradient_scale in 0.0..1.0f64,
            learning_rate in 0.0..1.0f64,
        ) {
            let column = |of: usize| {
                Tensor::from_vec(values.iter().map(|row| row[of]).collect(), values.len(), &Device::Cpu).unwrap()
            };
            let var = |of| Var::from_tensor(&column(of)).unwrap();
            let step =
                SgdStep { learning_rate, momentum: 0.9, weight_decay: 0.01, gradient_scale, nesterov: false };
            let (kernels, composed) = ([var(0), var(1)], [var(0), var(1)]);
            sgd_step(&kernels[0], &kernels[1], &column(2), step).unwrap();
            composed_step(&composed[0], &composed[1], &column(2), step).unwrap();
            let flat = |vars: &[Var]| flat(vars.iter().map(Var::as_tensor));
            for (kernels, composed) in flat(&kernels).iter().zip(flat(&composed)) {
                prop_assert!((kernels - composed).abs() <= 4e-15, "{} against {}", kernels, composed);
            }
        }

        #[test]
        fn clipping_bounds_the_step(
            gradient in prop::collection::vec(-1.0..1.0f64, 3),
            exponent in -3.0..3.0f64,
            clip in 1e-3..10.0f64,
        ) {
            let gradient: Vec<f64> = gradient.into_iter().map(|g| g * libm::exp10(exponent)).collect();
            let parameters = parameters(DType::F64);
            let before = flat([parameters[0].as_tensor()]);
            let config = SgdConfig { learning_rate: 1.0, clip: Some(clip), weight_decay: 0.0, ..CONFIG };
            let mut sgd = Sgd::try_new(parameters.clone(), config).unwrap();
            let norm = sgd.try_step(&store(&parameters, &[Some(gradient), None])).unwrap();
            let after = flat([parameters[0].as_tensor()]);
            let moved = before.iter().zip(&after).map(|(b, a)| (b - a) * (b - a)).sum::<f64>().sqrt();
            prop_assert!(moved <= clip.min(norm) + 1e-12 * (1.0 + norm), "moved {} with clip {}", moved, clip);
            prop_assert!(moved >= clip.min(norm) * (1.0 - 1e-6 / (norm + 1e-6)) - 1e-12 * (1.0 + norm));
        }
    }
}
