//! Where networks run.

use candle_core::Device;
use nas_assay_kernels::Engine;
use nas_assay_kernels::device::{self, DeviceError};
use nas_assay_schema::DeviceClass;

/// A device, with the layer implementation and the device class that belong to it.
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
    /// If the name is not valid, or the device does not exist.
    pub fn open(name: &str) -> Result<Self, DeviceError> {
        Ok(Self { device: device::open(name)? })
    }

    /// The same device for another thread: a GPU with a stream and tensors of its own, which cannot be mixed with those of this one.
    ///
    /// # Errors
    /// If the driver opens no further stream.
    pub fn beside(&self) -> Result<Self, DeviceError> {
        Ok(Self { device: device::beside(&self.device)? })
    }

    /// The device for tensors.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The device class. Results may be compared bit for bit only within the same class.
    pub fn class(&self) -> DeviceClass {
        if self.device.is_cpu() { DeviceClass::Cpu } else { DeviceClass::Cuda }
    }

    /// The implementation of the layers.
    pub fn engine(&self) -> Engine {
        Engine::for_device(&self.device)
    }

    /// Its name in the provenance of records: `cpu`, or the location of the GPU.
    pub fn name(&self) -> String {
        match &self.device {
            Device::Cpu => self.class().as_str().to_owned(),
            other => format!("{:?}", other.location()),
        }
    }
}
