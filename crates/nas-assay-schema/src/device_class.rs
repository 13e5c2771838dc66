//! Classes of devices.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The class of the device that computed a number. Numbers of one class are equal bit by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceClass {
    /// The CPU kernels of this project.
    Cpu,
    /// Candle's CUDA backend.
    Cuda,
}

impl DeviceClass {
    /// The text that is part of the name of a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

impl fmt::Display for DeviceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
