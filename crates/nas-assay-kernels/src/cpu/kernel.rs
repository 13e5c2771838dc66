//! How a kernel becomes a Candle operation with a gradient.
//!
//! A [`Kernel`] computes on slices. [`apply`] runs it as a Candle operation, so that Candle records it. Its gradient is computed by kernels
//! too, through [`gradient`]:
//!
//! - Where the graph of gradients is [kept](graph_is_kept), for second-order estimators, the kernel of the gradient is recorded like any
//!   other and can be differentiated again.
//! - Elsewhere Candle cuts that graph between any two operations. A second backward pass would follow some paths and miss others without
//!   an error. There the gradient is [sealed](seal): it keeps no inputs alive, and differentiating it is an error.

use std::sync::{Arc, OnceLock};

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor, bail};

use super::element::{Array, Element};
use super::isa::Isa;
use super::kept_graph::graph_is_kept;
use super::seal::{Computed as Sealable, seal};
use super::tape::{Applied, Entry};

/// The result of a kernel: the elements, row by row, and their shape.
pub(super) type Computed<T> = (Vec<T>, Shape);

#[cfg(feature = "cuda")]
use crate::gpu::{self, OnGpu};

/// Without the CUDA engine, a kernel has nothing to do on a GPU.
#[cfg(not(feature = "cuda"))]
pub(crate) trait OnGpu<const N: usize> {}
#[cfg(not(feature = "cuda"))]
impl<K, const N: usize> OnGpu<N> for K {}

/// A function of `N` tensors of one type, and its gradient.
pub(super) trait Kernel<const N: usize>: OnGpu<N> + Send + Sync + 'static {
    /// The name in messages.
    const NAME: &'static str;

    /// The result. The arithmetic of every element is the same for any number of threads and any processor.
    fn forward<T: Element>(&self, isa: Isa, inputs: [Array<T>; N]) -> Result<Computed<T>>;

    /// The gradient by each input, given the gradient by the output; `None` for an input that [needs none](Tensor::track_op).
    fn backward(&self, inputs: [&Tensor; N], output: &Tensor, gradient: &Tensor) -> Result<[Option<Tensor>; N]>;
}

/// A kernel and its inputs.
struct Application<K, const N: usize> {
    kernel: K,
    inputs: [Tensor; N],
    /// Its entry on the tape, if Candle recorded the output.
    entry: OnceLock<Entry>,
}

impl<const N: usize, K: Kernel<N>> Applied for Application<K, N> {
    fn inputs(&self) -> &[Tensor] {
        &self.inputs
    }

    fn backward(&self, output: &Tensor, gradient: &Tensor) -> Result<Vec<Option<Tensor>>> {
        Ok(self.kernel.backward(self.inputs.each_ref(), output, gradient)?.into())
    }
}

/// A kernel as a custom operation of Candle.
struct Op<K, const N: usize>(Arc<Application<K, N>>);

fn forward<const N: usize, K: Kernel<N>>(
    kernel: &K,
    inputs: [(&CpuStorage, &Layout); N],
) -> Result<(CpuStorage, Shape)> {
    fn typed<T: Element, const N: usize, K: Kernel<N>>(
        kernel: &K,
        inputs: [(&CpuStorage, &Layout); N],
    ) -> Result<(CpuStorage, Shape)> {
        let mut arrays = [Array { data: &[], dims: &[] }; N];
        for (array, (storage, layout)) in arrays.iter_mut().zip(inputs) {
            *array = Array::new(storage, layout)?;
        }
        let (data, shape) = kernel.forward::<T>(Isa::current(), arrays)?;
        assert_eq!(data.len(), shape.elem_count(), "{}: elements of the result", K::NAME);
        Ok((T::to_cpu_storage_owned(data), shape))
    }
    let result = match inputs[0].0 {
        CpuStorage::F32(_) => typed::<f32, N, K>(kernel, inputs),
        CpuStorage::F64(_) => typed::<f64, N, K>(kernel, inputs),
        other => bail!("{}: the kernels compute in f32 and f64, not in {:?}", K::NAME, other_type(other)),
    };
    result.map_err(|error| error.context(K::NAME))
}

/// The same on a GPU.
#[cfg(feature = "cuda")]
fn forward_on_gpu<const N: usize, K: Kernel<N>>(
    kernel: &K,
    inputs: [(&CudaStorage, &Layout); N],
    for_gradient: bool,
) -> Result<gpu::Computed> {
    let run = || {
        let mut operands = Vec::with_capacity(N);
        for (storage, layout) in inputs {
            operands.push(gpu::Operand::new(storage, layout)?);
        }
        let gpu = gpu::device_of(inputs[0].0)?;
        let gpu = if for_gradient { gpu.for_gradients() } else { gpu };
        kernel.launch(&gpu, std::array::from_fn(|i| operands[i]))
    };
    run().map_err(|error| error.context(K::NAME))
}

/// An output that Candle records, on a GPU.
#[cfg(feature = "cuda")]
fn recorded_on_gpu<const N: usize, K: Kernel<N>>(
    kernel: &K,
    inputs: [(&CudaStorage, &Layout); N],
) -> Result<(CudaStorage, Shape)> {
    let (memory, shape) = forward_on_gpu(kernel, inputs, false)?;
    Ok((memory.own()?, shape))
}

fn other_type(storage: &CpuStorage) -> DType {
    use candle_core::backend::BackendStorage;
    storage.dtype()
}

impl<K: Kernel<1>> CustomOp1 for Op<K, 1> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> Result<(CpuStorage, Shape)> {
        forward(&self.0.kernel, [(s, l)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, s: &CudaStorage, l: &Layout) -> Result<(CudaStorage, Shape)> {
        recorded_on_gpu(&self.0.kernel, [(s, l)])
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, gy: &Tensor) -> Result<Option<Tensor>> {
        let [gx] = self.0.kernel.backward([x], y, gy)?;
        Ok(gx)
    }
}

impl<K: Kernel<2>> CustomOp2 for Op<K, 2> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        forward(&self.0.kernel, [(s1, l1), (s2, l2)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, s1: &CudaStorage, l1: &Layout, s2: &CudaStorage, l2: &Layout) -> Result<(CudaStorage, Shape)> {
        recorded_on_gpu(&self.0.kernel, [(s1, l1), (s2, l2)])
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, y: &Tensor, gy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [ga, gb] = self.0.kernel.backward([a, b], y, gy)?;
        Ok((ga, gb))
    }
}

impl<K: Kernel<3>> CustomOp3 for Op<K, 3> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        forward(&self.0.kernel, [(s1, l1), (s2, l2), (s3, l3)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        s1: &CudaStorage,
        l1: &Layout,
        s2: &CudaStorage,
        l2: &Layout,
        s3: &CudaStorage,
        l3: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        recorded_on_gpu(&self.0.kernel, [(s1, l1), (s2, l2), (s3, l3)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        y: &Tensor,
        gy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [ga, gb, gc] = self.0.kernel.backward([a, b, c], y, gy)?;
        Ok((ga, gb, gc))
    }
}

/// The inputs of a kernel: one, two or three tensors.
pub(super) trait Inputs<K> {
    /// Computes the result and records it.
    fn apply(self, kernel: K) -> Result<Tensor>;
}

macro_rules! inputs {
    ($count:literal, $($input:ident).+) => {
        impl<K: Kernel<$count>> Inputs<K> for [&Tensor; $count] {
            fn apply(self, kernel: K) -> Result<Tensor> {
                let mut inputs = self.map(Tensor::clone);
                for input in &mut inputs {
                    *input = input.contiguous()?;
                }
                let application = Arc::new(Application { kernel, inputs, entry: OnceLock::new() });
                let [$($input),+] = &application.inputs;
                let output = inputs!(@call Op(application.clone()), $($input),+)?;
                if output.track_op() {
                    application.entry.get_or_init(|| Entry::new(&output, &application));
                }
                Ok(output)
            }
        }
    };
    (@call $op:expr, $a:ident) => { $a.apply_op1($op) };
    (@call $op:expr, $a:ident, $b:ident) => { $a.apply_op2($b, $op) };
    (@call $op:expr, $a:ident, $b:ident, $c:ident) => { $a.apply_op3($b, $c, $op) };
}
inputs!(1, a);
inputs!(2, a.b);
inputs!(3, a.b.c);

/// `kernel(inputs)`, differentiable.
pub(super) fn apply<'a, const N: usize, K: Kernel<N>>(kernel: K, inputs: [&'a Tensor; N]) -> Result<Tensor>
where
    [&'a Tensor; N]: Inputs<K>,
{
    for input in &inputs[1..] {
        if input.dtype() != inputs[0].dtype() {
            bail!("{}: one input is {:?}, another {:?}; convert one", K::NAME, inputs[0].dtype(), input.dtype());
        }
    }
    inputs.apply(kernel)
}

/// `kernel(inputs)` as a part of a gradient: recorded where the graph of gradients is kept, sealed elsewhere.
pub(super) fn gradient<'a, const N: usize, K: Kernel<N>>(kernel: K, inputs: [&'a Tensor; N]) -> Result<Tensor>
where
    [&'a Tensor; N]: Inputs<K>,
{
    if graph_is_kept()? {
        return apply(kernel, inputs);
    }
    let inputs: Vec<Tensor> = inputs.into_iter().map(|input| input.detach().contiguous()).collect::<Result<_>>()?;
    let locked: Vec<_> = inputs.iter().map(Tensor::storage_and_layout).collect();
    #[cfg(feature = "cuda")]
    if inputs[0].device().is_cuda() {
        let mut arguments = Vec::with_capacity(N);
        for (storage, layout) in &locked {
            arguments.push((gpu::on_gpu(storage)?, *layout));
        }
        let (memory, shape) = forward_on_gpu::<N, K>(&kernel, std::array::from_fn(|i| arguments[i]), true)?;
        return memory.sealed(K::NAME, inputs[0].device(), shape);
    }
    let mut arguments = Vec::with_capacity(N);
    for (storage, layout) in &locked {
        arguments.push((on_cpu(storage, K::NAME)?, *layout));
    }
    let arguments = std::array::from_fn(|i| arguments[i]);
    let (storage, shape) = forward::<N, K>(&kernel, arguments)?;
    seal(K::NAME, inputs[0].device(), Sealable::Cpu(storage), shape)
}

/// The storage of a tensor on the CPU, or an error with the `name` of the kernel.
pub(super) fn on_cpu<'a>(storage: &'a Storage, name: &str) -> Result<&'a CpuStorage> {
    match storage {
        Storage::Cpu(storage) => Ok(storage),
        _ => bail!("{name}: this tensor is not on the CPU, but another is"),
    }
}

/// Runs `work` on the elements of some tensors.
pub(super) fn with_arrays<T: Element, R, const N: usize>(
    name: &str,
    tensors: [&Tensor; N],
    work: impl FnOnce([Array<T>; N]) -> Result<R>,
) -> Result<R> {
    let mut contiguous = Vec::with_capacity(N);
    for tensor in tensors {
        contiguous.push(tensor.detach().contiguous()?);
    }
    let locked: Vec<_> = contiguous.iter().map(Tensor::storage_and_layout).collect();
    let mut arrays = [Array { data: &[], dims: &[] }; N];
    for (array, (storage, layout)) in arrays.iter_mut().zip(&locked) {
        *array = Array::new(on_cpu(storage, name)?, layout)?;
    }
    work(arrays)
}
