//! Devices by name.

use candle_core::{Device, DeviceLocation};
use thiserror::Error;

use crate::gpu;

/// Why a device could not be opened.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// There is no device of this name.
    #[error("no device is called `{name}`")]
    Unknown {
        /// The requested name.
        name: String,
    },
    /// A GPU was requested, but the program was built without CUDA.
    #[error("failed to open {name}: this nas-assay was built without CUDA")]
    NotBuilt {
        /// The requested name.
        name: String,
    },
    /// The driver could not open the device.
    #[error("failed to open {name}: {reason}")]
    Absent {
        /// The requested name.
        name: String,
        /// The message of the driver.
        reason: String,
    },
}

/// The device called `name`: `cpu`, or `cuda:N` for the GPU of that number.
///
/// All threads that use this device share one stream of a GPU; [`beside`] opens another one. Candle's plain constructor gives each thread its own stream and does not synchronise them, so a
/// thread could read weights before the copy that another thread started has finished. With one stream nothing has to be synchronised, so
/// Candle's events, several for every tensor, are turned off.
///
/// # Errors
/// [`DeviceError::Unknown`] for another name, [`DeviceError::NotBuilt`] without the feature `cuda`, [`DeviceError::Absent`] if there
/// is no such GPU or its driver fails.
pub fn open(name: &str) -> Result<Device, DeviceError> {
    if name == "cpu" {
        return Ok(Device::Cpu);
    }
    let name = name.to_owned();
    match name.strip_prefix("cuda:").map(str::parse) {
        Some(Ok(ordinal)) if cfg!(feature = "cuda") => Device::new_cuda_with_stream(ordinal)
            .and_then(gpu::without_events)
            .map_err(|error| DeviceError::Absent { name, reason: reason(&error.to_string()) }),
        Some(Ok(_)) => Err(DeviceError::NotBuilt { name }),
        _ => Err(DeviceError::Unknown { name }),
    }
}

/// The same device with a stream of its own, for another thread. Tensors of the two cannot be mixed. On the CPU there are no streams.
///
/// # Errors
/// [`DeviceError::Absent`] if the driver fails.
pub fn beside(device: &Device) -> Result<Device, DeviceError> {
    match device.location() {
        DeviceLocation::Cuda { gpu_id } => open(&format!("cuda:{gpu_id}")),
        _ => Ok(device.clone()),
    }
}

/// Whether an error's message says that a GPU had no memory left.
pub fn is_out_of_memory(message: &str) -> bool {
    message.contains("CUDA_ERROR_OUT_OF_MEMORY")
}

/// A readable form of a driver's error: `text (NAME)` for `DriverError(NAME, "text")`, the first line of any other error.
fn reason(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    let inside = line.strip_prefix("DriverError(").and_then(|rest| rest.strip_suffix(')'));
    match inside.and_then(|inside| inside.split_once(", ")) {
        Some((name, text)) => format!("{} ({name})", text.trim_matches('"')),
        None => line.to_owned(),
    }
}

/// Turns functions that take a device into tests: `cpu::NAME`, and with the feature `cuda` also `cuda::NAME`.
#[doc(hidden)]
#[macro_export]
macro_rules! on_each_device {
    ($($body:ident),+ $(,)?) => {
        mod cpu {
            $(#[test] fn $body() { super::$body(&candle_core::Device::Cpu); })+
        }
        #[cfg(feature = "cuda")]
        mod cuda {
            $(
                #[test]
                fn $body() { super::$body($crate::device::gpu_for_tests()); }
            )+
        }
    };
}

/// The GPU that tests run on: the one named by `NAS_ASSAY_TEST_DEVICE`, or the first.
///
/// # Panics
/// If that GPU cannot be opened.
#[doc(hidden)]
#[cfg(feature = "cuda")]
pub fn gpu_for_tests() -> &'static Device {
    static GPU: std::sync::OnceLock<Device> = std::sync::OnceLock::new();
    GPU.get_or_init(|| {
        let named = std::env::var("NAS_ASSAY_TEST_DEVICE").ok().filter(|name| name != "cpu");
        open(named.as_deref().unwrap_or("cuda:0"))
            .unwrap_or_else(|error| panic!("a build with the feature `cuda` is tested on a GPU: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_refused() {
        assert!(open("cpu").unwrap().is_cpu());
        for name in ["", "gpu", "cuda", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
            assert!(matches!(open(name), Err(DeviceError::Unknown { .. })), "{name}");
        }
        // No machine has so many GPUs.
        let absent = open("cuda:4096").unwrap_err();
        assert!(matches!(absent, DeviceError::NotBuilt { .. }) != cfg!(feature = "cuda"), "{absent}");
        assert!(absent.to_string().starts_with("failed to open cuda:4096: "), "{absent}");
    }

    #[test]
    fn reasons_are_readable() {
        let driver = "DriverError(CUDA_ERROR_NO_DEVICE, \"no CUDA-capable device is detected\")";
        assert_eq!(reason(driver), "no CUDA-capable device is detected (CUDA_ERROR_NO_DEVICE)");
        assert_eq!(reason("something else\n  at 0x1"), "something else");
    }
}
