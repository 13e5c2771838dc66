//! The tests that every kernel must pass in addition to tests of its values.

use candle_core::{DType, Device, Result, Tensor, Var};

use super::isa::Isa;
use super::reduce::sum_all;
use nas_assay_base::seed::Seed;

/// Normal deviates of the given shape in `f64`, which `f32` can represent.
pub(crate) fn random(label: &str, dims: &[usize]) -> Tensor {
    let mut stream = Seed::root(11).child(label).stream();
    let values: Vec<f64> = (0..dims.iter().product()).map(|_| f64::from(stream.normal() as f32)).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

/// [`random`] numbers, none nearer to zero than 0.1: a kink there is out of the reach of differences.
pub(super) fn away_from_zero(dims: &[usize]) -> Tensor {
    let moved: Vec<f64> = values(&random("x", dims)).into_iter().map(|x| x + 0.1_f64.copysign(x)).collect();
    Tensor::from_vec(moved, dims, &Device::Cpu).unwrap()
}

/// All elements.
pub(super) fn values(t: &Tensor) -> Vec<f64> {
    crate::host_f64(t).unwrap()
}

/// Fails unless the numbers are equal up to `tolerance`, in units of the larger number of a pair, or of 1 if that is larger.
pub(super) fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: number of elements");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let size = found.abs().max(expected.abs()).max(1.0);
        assert!((found - expected).abs() <= tolerance * size, "{what}: element {i} is {found}, not {expected}");
    }
}

/// Runs a test on the CPU, and with the CUDA engine on a GPU.
pub(super) fn on_every_device(test: impl Fn(&Device)) {
    test(&Device::Cpu);
    #[cfg(feature = "cuda")]
    test(crate::device::gpu_for_tests());
}

/// A constant on the device of `x`.
pub(crate) fn beside(constant: &Tensor, x: &Tensor) -> Tensor {
    constant.to_device(x.device()).unwrap()
}

/// The value of `function` on a device, and the gradient by each input of its inner product with fixed weights.
fn value_and_gradients(
    inputs: &[Tensor],
    (device, dtype): (&Device, DType),
    function: &impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Result<Vec<Tensor>> {
    let variables: Vec<Var> = inputs
        .iter()
        .map(|input| Var::from_tensor(&input.to_dtype(dtype)?.to_device(device)?))
        .collect::<Result<_>>()?;
    let tensors: Vec<Tensor> = variables.iter().map(|v| v.as_tensor().clone()).collect();
    let value = function(&tensors)?;
    let weights = random("weights", value.dims()).to_dtype(dtype)?.to_device(device)?;
    let gradients = sum_all(&(&value * weights)?)?.backward()?;
    let mut all = vec![value.detach()];
    for variable in &variables {
        all.push(gradients.get(variable).expect("every input has a gradient").detach());
    }
    Ok(all)
}

/// Fails unless the gradients of `function` agree with central differences, its results in `f32` are close to those in `f64`, and all
/// results have the same bits on 1, 2 and 5 threads and with every instruction set.
///
/// The function must be smooth around the inputs, with no kink nearer than 1e-4.
pub(super) fn check(inputs: &[Tensor], function: impl Fn(&[Tensor]) -> Result<Tensor> + Sync) {
    let reference = value_and_gradients(inputs, (&Device::Cpu, DType::F64), &function).unwrap();
    check_differences(inputs, &reference, &function);

    let single = value_and_gradients(inputs, (&Device::Cpu, DType::F32), &function).unwrap();
    for (single, double) in single.iter().zip(&reference) {
        let terms = terms_of(double, &reference[0]);
        assert_close_in_all("in f32", &values(single), &values(double), terms, 4e-6);
    }
    for (dtype, expected) in [(DType::F32, &single), (DType::F64, &reference)] {
        let bits = |tensors: &[Tensor]| -> Vec<u64> { tensors.iter().flat_map(values).map(f64::to_bits).collect() };
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| value_and_gradients(inputs, (&Device::Cpu, dtype), &function)).unwrap();
            assert_eq!(bits(&found), bits(expected), "{dtype:?} on {threads} threads");
        }
        for isa in Isa::available() {
            let found = isa.force(|| value_and_gradients(inputs, (&Device::Cpu, dtype), &function)).unwrap();
            assert_eq!(bits(&found), bits(expected), "{dtype:?} compiled for {isa:?}");
        }
    }
    #[cfg(feature = "cuda")]
    check_gpu(inputs, &reference, &function);
}

/// Fails unless the GPU agrees with the CPU, and with itself bit for bit.
#[cfg(feature = "cuda")]
fn check_gpu(inputs: &[Tensor], reference: &[Tensor], function: &impl Fn(&[Tensor]) -> Result<Tensor>) {
    let device = crate::device::gpu_for_tests();
    for (dtype, tolerance) in [(DType::F32, 4e-6), (DType::F64, 1e-13)] {
        let run = || -> Vec<Vec<f64>> {
            value_and_gradients(inputs, (device, dtype), function).unwrap().iter().map(values).collect()
        };
        let found = run();
        for (found, expected) in found.iter().zip(reference) {
            let terms = if dtype == DType::F32 { terms_of(expected, &reference[0]) } else { 1.0 };
            assert_close_in_all(&format!("{dtype:?} on the GPU"), found, &values(expected), terms, tolerance);
        }
        let bits = |all: &[Vec<f64>]| -> Vec<u64> { all.iter().flatten().map(|value| value.to_bits()).collect() };
        assert_eq!(bits(&found), bits(&run()), "{dtype:?} on the GPU, twice");
    }
}

/// How many terms an element of a gradient has, at least: as many as there are elements of the value for each element of the input.
fn terms_of(gradient: &Tensor, value: &Tensor) -> f64 {
    value.elem_count() as f64 / gradient.elem_count() as f64
}

/// [`assert_close`], in units of the largest number of all, or of 1, or of the usual size of a sum of so many terms: products of two numbers
/// from the normal distribution. A sum whose terms cancel has the rounding of all of them.
pub(super) fn assert_close_in_all(what: &str, found: &[f64], expected: &[f64], terms: f64, tolerance: f64) {
    let usual = terms.sqrt();
    let size = expected.iter().fold(usual.max(1.0), |size, value| size.max(value.abs()));
    let scaled = |values: &[f64]| values.iter().map(|value| value / size).collect::<Vec<_>>();
    assert_close(what, &scaled(found), &scaled(expected), tolerance);
}

/// Compares gradients with central differences along a few single elements, and along one direction that moves all elements.
fn check_differences(inputs: &[Tensor], reference: &[Tensor], function: &impl Fn(&[Tensor]) -> Result<Tensor>) {
    let weights = values(&random("weights", reference[0].dims()));
    let along = |input: usize, direction: &[f64], step: f64| -> f64 {
        let moved: Vec<f64> = values(&inputs[input]).iter().zip(direction).map(|(x, d)| x + step * d).collect();
        let mut moved_inputs = inputs.to_vec();
        moved_inputs[input] = Tensor::from_vec(moved, inputs[input].dims(), &Device::Cpu).unwrap();
        values(&function(&moved_inputs).unwrap()).iter().zip(&weights).map(|(value, weight)| value * weight).sum()
    };
    let mut stream = Seed::root(12).stream();
    for (input, gradient) in reference[1..].iter().enumerate() {
        let gradient = values(gradient);
        let count = gradient.len();
        let mut directions: Vec<Vec<f64>> = (0..12.min(count))
            .map(|_| {
                let chosen = stream.index(count);
                (0..count).map(|i| f64::from(u8::from(i == chosen))).collect()
            })
            .collect();
        directions.push((0..count).map(|_| stream.unit() - 0.5).collect());
        for direction in &directions {
            let expected: f64 = gradient.iter().zip(direction).map(|(g, d)| g * d).sum();
            let step = 1e-5;
            let found = (along(input, direction, step) - along(input, direction, -step)) / (2.0 * step);
            let size = gradient.iter().fold(1.0_f64, |size, g| size.max(g.abs())) * (count as f64).sqrt();
            assert!((found - expected).abs() < 1e-7 * size, "input {input}: gradient {expected}, differences {found}");
        }
    }
}

/// Whether this process runs the test `name` with Candle keeping the graph of gradients. If not, starts such a process and fails unless the
/// test passes there.
///
/// A process of its own is needed because Candle reads an environment variable, and all tests of a process share the environment.
pub(crate) fn runs_with_kept_graph(name: &str) -> bool {
    const VARIABLE: &str = "CANDLE_GRAD_DO_NOT_DETACH";
    if std::env::var_os(VARIABLE).is_some() {
        return true;
    }
    let run = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && output.contains("1 passed"), "{output}");
    false
}

/// Fails unless the product of the Hessian of `⟨function, weights⟩²` and a vector agrees with central differences, for every input.
pub(crate) fn check_second_order(inputs: &[Tensor], function: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let gradients = |inputs: &[Tensor], device: &Device| -> (Vec<Var>, Vec<Tensor>) {
        let on_device = inputs.iter().map(|input| input.to_device(device).unwrap());
        let variables: Vec<Var> = on_device.map(|input| Var::from_tensor(&input).unwrap()).collect();
        let tensors: Vec<Tensor> = variables.iter().map(|v| v.as_tensor().clone()).collect();
        let value = function(&tensors).unwrap();
        let weights = beside(&random("weights", value.dims()), &value);
        let loss = sum_all(&(value * weights).unwrap()).unwrap().sqr().unwrap();
        let gradients = loss.backward().unwrap();
        let found = variables.iter().map(|v| gradients.get(v).unwrap().clone()).collect();
        (variables, found)
    };
    let direction: Vec<Tensor> = inputs.iter().map(|input| random("direction", input.dims())).collect();
    let second = |device: &Device| -> Vec<Vec<f64>> {
        let (variables, first) = gradients(inputs, device);
        let terms = first.iter().zip(&direction).map(|(g, d)| sum_all(&(g * beside(d, g)).unwrap()).unwrap());
        let along = terms.reduce(|sum, term| (sum + term).unwrap()).unwrap();
        let second = along.backward().unwrap();
        variables.iter().map(|variable| values(second.get(variable).expect("a second gradient"))).collect()
    };
    let found = second(&Device::Cpu);
    let step = 1e-5;
    let moved = |step: f64| -> Vec<Tensor> {
        let moved: Vec<Tensor> =
            inputs.iter().zip(&direction).map(|(x, d)| (x + (d * step).unwrap()).unwrap()).collect();
        gradients(&moved, &Device::Cpu).1
    };
    let (ahead, behind) = (moved(step), moved(-step));
    for (i, found) in found.iter().enumerate() {
        let expected: Vec<f64> =
            values(&ahead[i]).iter().zip(values(&behind[i])).map(|(a, b)| (a - b) / (2.0 * step)).collect();
        assert_close_in_all("second order", found, &expected, 1.0, 1e-7);
    }
    #[cfg(feature = "cuda")]
    for (on_gpu, on_cpu) in second(crate::device::gpu_for_tests()).iter().zip(&found) {
        assert_close_in_all("second order on the GPU", on_gpu, on_cpu, 1.0, 1e-12);
    }
}

/// Fails unless a second backward pass through the gradient of `function` is an error.
pub(super) fn check_sealed(input: &Tensor, function: impl Fn(&Tensor) -> Result<Tensor>) {
    check_sealed_on(&Device::Cpu, input, &function);
    #[cfg(feature = "cuda")]
    check_sealed_on(crate::device::gpu_for_tests(), input, &function);
}

fn check_sealed_on(device: &Device, input: &Tensor, function: &impl Fn(&Tensor) -> Result<Tensor>) {
    let variable = Var::from_tensor(&input.to_device(device).unwrap()).unwrap();
    let loss = sum_all(&function(variable.as_tensor()).unwrap().sqr().unwrap()).unwrap();
    let gradients = loss.backward().unwrap();
    let gradient = gradients.get(&variable).unwrap();
    let again = (gradient * variable.as_tensor()).unwrap().sqr().unwrap().backward();
    assert!(again.unwrap_err().to_string().contains("cannot be differentiated again"));
}
