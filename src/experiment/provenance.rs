//! The provenance that is recorded before the first step: the program, the machine and the time.

use std::ffi::OsString;
use std::time::SystemTime;

use crate::Backend;
use crate::store::record::Provenance;
use crate::store::workers::host_name;

/// The present environment of a run; `commit` is the git commit that the program was built from, if it is known.
pub fn freeze(backend: &Backend, commit: Option<&str>) -> Provenance {
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: commit.map(str::to_owned),
        started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        command: command(std::env::args_os().skip(1)),
        cpu_features: cpu_features(),
        device: backend.name(),
        driver: driver(),
        threads: rayon::current_num_threads(),
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        host: host_name(),
    }
}

/// The command line. Arguments need not be text.
fn command(arguments: impl Iterator<Item = OsString>) -> String {
    let texts = arguments.map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once("nas-assay".to_owned()).chain(texts).collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn an_argument_that_is_no_text_is_part_of_the_command() {
        use std::os::unix::ffi::OsStringExt;
        let arguments = [b"run".to_vec(), b"a\xff.toml".to_vec()].map(super::OsString::from_vec);
        assert_eq!(super::command(arguments.into_iter()), "nas-assay run a\u{fffd}.toml");
    }
}
