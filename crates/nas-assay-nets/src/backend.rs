//! Where networks run.

use candle_core::Device;
use nas_assay_kernels::device::{self, DeviceError};
use nas_assay_kernels::{Engine, cpu};
use nas_assay_schema::DeviceClass;

/// A device, with the implementation of the layers that belongs to it and the class that its numbers are of: they travel as one.
#[derive(Clone, Debug)]
pub struct Backend {
    device: Device,
}

impl Backend {
    /// The CPU, with this project's kernels.
    pub fn cpu() -> Self {
        Self { device: Device::Cpu }
    }

    /// The device called `name`: `cpu`, or `cuda:N` in a build with the feature `cuda`.
    ///
    /// # Errors
    /// If the name is none, or the device is not there.
    pub fn open(name: &str) -> Result<Self, DeviceError> {
        Ok(Self { device: device::open(name)? })
    }

    /// Prepares the process for the device called `name`: second derivatives on a GPU need Candle to keep its graph of gradients.
    ///
    /// Call it before any other thread is started.
    pub fn prepare(name: &str) {
        if name != "cpu" {
            cpu::keep_graphs_of_gradients();
        }
    }

    /// The device for tensors.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Which numbers its results may be compared with bit for bit.
    pub fn class(&self) -> DeviceClass {
        if self.device.is_cpu() { DeviceClass::Cpu } else { DeviceClass::Cuda }
    }

    /// The implementation of the layers.
    pub fn engine(&self) -> Engine {
        Engine::for_device(&self.device)
    }

    /// As provenance names it: `cpu`, or where the GPU is.
    pub fn name(&self) -> String {
        match &self.device {
            Device::Cpu => self.class().as_str().to_owned(),
            other => format!("{:?}", other.location()),
        }
    }
}
