//! A GPU as the kernels see it: functions, launches, memory.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaModule, CudaSlice, CudaStream, DevicePtr, DeviceRepr, LaunchArgs, LaunchConfig, PushKernelArg,
};
use candle_core::cuda_backend::{CudaDType, CudaDevice, CudaStorage, CudaStorageSlice, DeviceId, WrapErr};
use candle_core::{DType, Result, bail};

use super::BLOCK;
use super::arena;
use super::memory::{self, Buffer, Free, Life, Memory, Output};

/// The kernels, translated by the driver when a device first needs them.
const PTX: &str = include_str!(concat!(env!("OUT_DIR"), "/kernels.ptx"));

/// Columns of blocks that can count at once which of them is the last.
const COUNTERS: usize = 1 << 14;

/// Threads of a block in kernels that work element by element.
const THREADS: u32 = 256;

/// Blocks of such kernels at most. Each thread then takes several elements.
const MOST_BLOCKS: u32 = 1 << 16;

/// Uploaded lists that are kept; in tests so few that they are dropped all the time.
const MOST_LISTS: usize = if cfg!(test) { 1 } else { 4096 };

/// What is kept for a device as long as the process lives.
struct Kept {
    module: Arc<CudaModule>,
    functions: Mutex<HashMap<&'static str, [Option<CudaFunction>; 2]>>,
    /// Zeros, which every kernel leaves as zeros.
    counters: CudaSlice<u32>,
    /// Memory that lives from one launch to the next.
    scratch: Mutex<CudaSlice<f64>>,
    /// Lists of channels that were uploaded.
    lists: Mutex<HashMap<Vec<u32>, Arc<CudaSlice<u32>>>>,
    free: Arc<Free>,
}

/// A list in the memory of a device.
pub(crate) struct List {
    /// Where it begins.
    pub address: u64,
    _uploaded: Arc<CudaSlice<u32>>,
}

/// A GPU.
#[derive(Clone)]
pub(crate) struct Gpu {
    device: CudaDevice,
    stream: Arc<CudaStream>,
    kept: Arc<Kept>,
    for_gradients: bool,
}

/// The blocks of a launch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub blocks: (u32, u32, u32),
    pub threads: u32,
    /// Bytes of shared memory.
    pub shared: u32,
}

impl Grid {
    /// Enough threads for `n` elements.
    pub fn each(n: u32) -> Self {
        Self { blocks: (n.div_ceil(THREADS).clamp(1, MOST_BLOCKS), 1, 1), threads: THREADS, shared: 0 }
    }

    /// `parts` blocks for each of `columns` columns.
    pub fn columns(parts: u32, columns: u32) -> Self {
        Self { blocks: (parts, columns, 1), threads: BLOCK, shared: 0 }
    }
}

/// An argument of a kernel: a number, an address, or a structure that its source declares too.
pub(crate) trait Argument {
    fn push<'a>(&'a self, launch: &mut LaunchArgs<'a>);
}

impl<T: DeviceRepr> Argument for T {
    fn push<'a>(&'a self, launch: &mut LaunchArgs<'a>) {
        launch.arg(self);
    }
}

/// The scratch memory of a device, for kernels that are launched while this is held.
pub(crate) struct Scratch<'a> {
    slice: MutexGuard<'a, CudaSlice<f64>>,
    stream: &'a CudaStream,
}

impl Scratch<'_> {
    /// Where it begins.
    pub fn address(&self) -> u64 {
        self.slice.device_ptr(self.stream).0
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gpu {
    /// The GPU of a device.
    pub fn of(device: &CudaDevice) -> Result<Self> {
        static KEPT: LazyLock<Mutex<HashMap<DeviceId, Arc<Kept>>>> = LazyLock::new(Mutex::default);
        let mut all = lock(&KEPT);
        let kept = if let Some(kept) = all.get(&device.id()) {
            kept.clone()
        } else {
            let kept = Arc::new(Kept {
                module: device.cuda_stream().context().load_module(PTX.into()).w()?,
                functions: Mutex::default(),
                counters: device.alloc_zeros(COUNTERS)?,
                scratch: Mutex::new(device.alloc_zeros(1)?),
                lists: Mutex::default(),
                free: Arc::default(),
            });
            all.insert(device.id(), kept.clone());
            kept
        };
        Ok(Self { device: device.clone(), stream: device.cuda_stream(), kept, for_gradients: false })
    }

    /// The device.
    pub fn device(&self) -> &CudaDevice {
        &self.device
    }

    /// The same GPU, for kernels that compute gradients: in a backward pass, their results lie in its arena.
    pub fn for_gradients(self) -> Self {
        Self { for_gradients: true, ..self }
    }

    /// Memory of its own for `len` numbers of a type, with arbitrary contents: the kernel that gets it must write all of them.
    pub fn allocate(&self, dtype: DType, len: usize) -> Result<CudaStorage> {
        memory::allocate(&self.device, dtype, len)
    }

    /// Memory for `len` numbers of a type, with arbitrary contents: the kernel that gets it must write all of them.
    pub fn output(&self, dtype: DType, len: usize) -> Result<Output> {
        self.output_for(Life::Short, dtype, len)
    }

    /// The same, for as long as is said.
    pub fn output_for(&self, life: Life, dtype: DType, len: usize) -> Result<Output> {
        if self.for_gradients
            && let Some(output) = arena::output(self, dtype, len, life)?
        {
            return Ok(output);
        }
        let storage = self.allocate(dtype, len)?;
        let (address, _) = address(&storage)?;
        Ok(Output { memory: Memory::Own(storage), address })
    }

    /// Memory for `len` zeros, for as long as is said.
    pub fn zeros(&self, life: Life, dtype: DType, len: usize) -> Result<Output> {
        let output = self.output_for(life, dtype, len)?;
        let n = super::count(len)?;
        self.launch("zero", dtype, Grid::each(n), &[&output.address, &n])?;
        Ok(output)
    }

    /// A buffer of `len` numbers of double precision that no tensor shows, with arbitrary contents.
    pub fn buffer(&self, len: usize) -> Result<Buffer> {
        Buffer::new(&self.device, &self.kept.free, len)
    }

    /// Scratch memory for at least `doubles` numbers of double precision.
    pub fn scratch(&self, doubles: usize) -> Result<Scratch<'_>> {
        let mut slice = lock(&self.kept.scratch);
        if slice.len() < doubles {
            // SAFETY: kernels write before they read here.
            *slice = unsafe { self.device.alloc::<f64>(doubles.next_multiple_of(1024))? };
        }
        Ok(Scratch { slice, stream: &self.stream })
    }

    /// Where the counters of columns lie.
    pub fn counters(&self, columns: u32) -> Result<u64> {
        if columns as usize > COUNTERS {
            bail!("{columns} sums at once are too many for the kernels of the GPU");
        }
        Ok(self.kept.counters.device_ptr(&self.stream).0)
    }

    /// A list on the device. The same list is uploaded once. Hold it until the kernel that reads it is launched.
    pub fn list(&self, list: &[u32]) -> Result<List> {
        let mut lists = lock(&self.kept.lists);
        let uploaded = if let Some(uploaded) = lists.get(list) {
            uploaded.clone()
        } else {
            // Memory is freed in the order of the stream: after the kernels that read it, as these were launched while it was held.
            if lists.len() >= MOST_LISTS {
                lists.clear();
            }
            let uploaded = Arc::new(self.device.clone_htod(list)?);
            lists.insert(list.to_vec(), uploaded.clone());
            uploaded
        };
        let address = uploaded.device_ptr(&self.stream).0;
        Ok(List { address, _uploaded: uploaded })
    }

    /// Launches a kernel: `name` for numbers of the type `dtype`, with the arguments of its source.
    pub fn launch(&self, name: &'static str, dtype: DType, grid: Grid, arguments: &[&dyn Argument]) -> Result<()> {
        let (place, suffix) = match dtype {
            DType::F32 => (0, "_f32"),
            DType::F64 => (1, "_f64"),
            other => bail!("{name}: the kernels compute in f32 and f64, not in {other:?}"),
        };
        self.launch_function(&self.function(name, place, suffix)?, grid, arguments)
    }

    /// Launches a kernel that has one form only.
    pub fn launch_plain(&self, name: &'static str, grid: Grid, arguments: &[&dyn Argument]) -> Result<()> {
        self.launch_function(&self.function(name, 0, "")?, grid, arguments)
    }

    fn function(&self, name: &'static str, place: usize, suffix: &str) -> Result<CudaFunction> {
        let mut functions = lock(&self.kept.functions);
        let known = &mut functions.entry(name).or_default()[place];
        Ok(match known {
            Some(function) => function.clone(),
            None => known.insert(self.kept.module.load_function(&format!("{name}{suffix}")).w()?).clone(),
        })
    }

    fn launch_function(&self, function: &CudaFunction, grid: Grid, arguments: &[&dyn Argument]) -> Result<()> {
        let mut launch = self.stream.launch_builder(function);
        for argument in arguments {
            argument.push(&mut launch);
        }
        let config =
            LaunchConfig { grid_dim: grid.blocks, block_dim: (grid.threads, 1, 1), shared_mem_bytes: grid.shared };
        // SAFETY: the modules of this folder pass what their kernel declares, and memory of the size that it writes.
        unsafe { launch.launch(config) }.w()?;
        Ok(())
    }
}

pub(super) fn wrap<T: CudaDType>(slice: CudaSlice<T>, device: &CudaDevice) -> CudaStorage {
    CudaStorage::wrap_cuda_slice(slice, device.clone())
}

/// Where the first element of a storage of any type lies.
pub(super) fn byte_address(storage: &CudaStorage) -> Result<u64> {
    match &storage.slice {
        CudaStorageSlice::U8(slice) => Ok(slice.device_ptr(slice.stream()).0),
        _ => Ok(address(storage)?.0),
    }
}

/// Where the first element of a storage lies, and the type of its elements.
pub(super) fn address(storage: &CudaStorage) -> Result<(u64, DType)> {
    fn of<T>(slice: &CudaSlice<T>) -> u64 {
        slice.device_ptr(slice.stream()).0
    }
    let address = match &storage.slice {
        CudaStorageSlice::F32(slice) => of(slice),
        CudaStorageSlice::F64(slice) => of(slice),
        CudaStorageSlice::U32(slice) => of(slice),
        _ => bail!("the kernels compute in f32 and f64, not in {:?}", storage.dtype()),
    };
    Ok((address, storage.dtype()))
}
