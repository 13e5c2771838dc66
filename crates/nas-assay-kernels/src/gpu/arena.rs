//! The memory of the gradients of one backward pass.
//!
//! A backward pass makes many gradients that live short. They are parts of a few *slabs*: a slab is one tensor, a gradient is a view of it,
//! and the slab is freed when the last of its views is. The pass says when it is done with a gradient, and its place is used again, unless
//! another gradient that the pass still holds lies there, too. Gradients that outlive the pass lie in slabs whose places are used once.
//!
//! Work on a device runs in the order in which it was asked for, so a place can be given away while a kernel still reads it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor, bail};

use super::device::{self, Gpu};
use super::memory::{Life, Memory, Output};
use super::on_gpu;
use crate::cpu::seal::{Computed, seal};

/// Bytes of the first slab and of the largest, unless a single gradient is larger. Each new slab is half as large as all before it.
const SLABS: [usize; 2] = [4 << 20, 64 << 20];

/// Places begin at multiples of so many bytes.
const ALIGNMENT: usize = 256;

thread_local! { static ARENA: RefCell<Option<Arena>> = const { RefCell::new(None) } }

/// One tensor, and which of its bytes are free: where each free piece begins, and how long it is.
struct Slab {
    tensor: Tensor,
    dtype: DType,
    life: Life,
    address: u64,
    bytes: usize,
    free: BTreeMap<usize, usize>,
}

/// The slabs of a backward pass, and the gradients that it holds: how many begin at each address.
#[derive(Default)]
struct Arena {
    slabs: Vec<Slab>,
    held: BTreeMap<u64, u32>,
}

/// Ends the arena of a backward pass. Slabs with gradients that are still in use live on.
pub(crate) struct Pass {
    outer: Option<Arena>,
    is_on_gpu: bool,
}

impl Pass {
    /// Begins the arena of a backward pass on this thread, if `device` is a GPU.
    pub fn begin(device: &Device) -> Self {
        let is_on_gpu = device.is_cuda();
        let outer = if is_on_gpu { ARENA.replace(Some(Arena::default())) } else { None };
        Self { outer, is_on_gpu }
    }

    /// Whether gradients should be added as soon as they are there.
    pub fn saves_memory(&self) -> bool {
        self.is_on_gpu
    }

    /// Notes that the pass holds a gradient, once more.
    pub fn hold(&self, gradient: &Tensor) -> Result<()> {
        self.with(|arena| {
            let (start, _) = place_of(gradient)?;
            *arena.held.entry(start).or_default() += 1;
            Ok(())
        })
    }

    /// Notes that the pass holds a gradient once less.
    pub fn let_go(&self, gradient: &Tensor) -> Result<()> {
        self.with(|arena| {
            let (start, _) = place_of(gradient)?;
            if let Some(count) = arena.held.get_mut(&start) {
                *count -= 1;
                if *count == 0 {
                    arena.held.remove(&start);
                }
            }
            Ok(())
        })
    }

    /// Whether two gradients begin at the same place.
    pub fn is_same_place(&self, a: &Tensor, b: &Tensor) -> Result<bool> {
        Ok(self.is_on_gpu && place_of(a)?.0 == place_of(b)?.0)
    }

    /// Gives back the place of a gradient that nothing will read any more, unless the pass holds a gradient that lies there.
    pub fn give_back(&self, gradient: &Tensor) -> Result<()> {
        self.with(|arena| {
            let (start, bytes) = place_of(gradient)?;
            if arena.held.range(start..start + bytes as u64).next().is_none() {
                arena.give_back(start, bytes);
            }
            Ok(())
        })
    }

    fn with(&self, work: impl FnOnce(&mut Arena) -> Result<()>) -> Result<()> {
        if !self.is_on_gpu {
            return Ok(());
        }
        ARENA.with_borrow_mut(|arena| arena.as_mut().map_or(Ok(()), work))
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.is_on_gpu {
            ARENA.set(self.outer.take());
        }
    }
}

/// Where a tensor begins, and its bytes.
fn place_of(tensor: &Tensor) -> Result<(u64, usize)> {
    let (storage, layout) = tensor.storage_and_layout();
    let (address, dtype) = device::address(on_gpu(&storage)?)?;
    let size = dtype.size_in_bytes();
    Ok((address + (layout.start_offset() * size) as u64, tensor.elem_count() * size))
}

/// A place for `len` numbers in the arena of this thread's backward pass; nothing outside of one.
pub(super) fn output(gpu: &Gpu, dtype: DType, len: usize, life: Life) -> Result<Option<Output>> {
    ARENA.with_borrow_mut(|arena| arena.as_mut().map(|arena| arena.take(gpu, dtype, len, life)).transpose())
}

impl Arena {
    fn take(&mut self, gpu: &Gpu, dtype: DType, len: usize, life: Life) -> Result<Output> {
        let size = dtype.size_in_bytes();
        let bytes = (len * size).next_multiple_of(ALIGNMENT).max(ALIGNMENT);
        let fits =
            |slab: &Slab| slab.dtype == dtype && slab.life == life && slab.free.values().any(|&free| free >= bytes);
        let place = if let Some(place) = self.slabs.iter().position(fits) {
            place
        } else {
            let so_far: usize = self.slabs.iter().filter(|slab| slab.life == life).map(|slab| slab.bytes).sum();
            let capacity = (so_far / 2 / ALIGNMENT * ALIGNMENT).clamp(SLABS[0], SLABS[1]).max(bytes);
            let storage = gpu.allocate(dtype, capacity / size)?;
            let (address, _) = device::address(&storage)?;
            let device = Device::Cuda(gpu.device().clone());
            let tensor = seal("a gradient", &device, Computed::Cuda(storage), (capacity / size).into())?;
            let free = BTreeMap::from([(0, capacity)]);
            self.slabs.push(Slab { tensor, dtype, life, address, bytes: capacity, free });
            self.slabs.len() - 1
        };
        let slab = &mut self.slabs[place];
        let Some((&start, &free)) = slab.free.iter().find(|(_, free)| **free >= bytes) else {
            bail!("no slab has room for {len} numbers")
        };
        slab.free.remove(&start);
        if free > bytes {
            slab.free.insert(start + bytes, free - bytes);
        }
        let memory = Memory::Part { slab: slab.tensor.clone(), start: start / size, len };
        Ok(Output { memory, address: slab.address + start as u64 })
    }

    fn give_back(&mut self, address: u64, bytes: usize) {
        let inside = |slab: &&mut Slab| (slab.address..slab.address + slab.bytes as u64).contains(&address);
        let Some(slab) = self.slabs.iter_mut().find(inside).filter(|slab| slab.life == Life::Short) else { return };
        let mut start = (address - slab.address) as usize;
        let is_free = slab.free.range(..=start).next_back().is_some_and(|(&before, &length)| start < before + length);
        if is_free {
            // The same gradient arrived twice, and was given back before.
            return;
        }
        let mut bytes = bytes.next_multiple_of(ALIGNMENT).max(ALIGNMENT);
        // Joined with the free pieces on both sides.
        if let Some(after) = slab.free.remove(&(start + bytes)) {
            bytes += after;
        }
        if let Some((&before, &length)) = slab.free.range(..start).next_back()
            && before + length == start
        {
            (start, bytes) = (before, bytes + length);
        }
        slab.free.insert(start, bytes);
    }
}
