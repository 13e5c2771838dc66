//! The provenance that is recorded before the first step: the program, the machine and the time.

use std::time::SystemTime;

use crate::Backend;
use crate::store::record::Provenance;

/// The present environment of a run; `commit` is the git commit that the program was built from, if it is known.
pub fn freeze(backend: &Backend, commit: Option<&str>) -> Provenance {
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: commit.map(str::to_owned),
        started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        command: std::iter::once("nas-assay".to_owned()).chain(std::env::args().skip(1)).collect::<Vec<_>>().join(" "),
        cpu_features: cpu_features(),
        device: backend.name(),
        driver: driver(),
        threads: rayon::current_num_threads(),
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<String> {
    let present = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    present.iter().filter(|(_, is)| *is).map(|(name, _)| (*name).to_owned()).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> Vec<String> {
    Vec::new()
}

/// The NVIDIA driver, if there is one.
fn driver() -> Option<String> {
    let text = std::fs::read_to_string("/proc/driver/nvidia/version").ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}
