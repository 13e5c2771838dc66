//! Which engine made a number.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which engine made a number; numbers of one class are bit-identical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceClass {
    /// This project's CPU kernels.
    Cpu,
    /// Candle's CUDA backend.
    Cuda,
}

impl DeviceClass {
    /// As it stands in a record's name.
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
