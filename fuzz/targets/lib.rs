//! What the targets share.

pub mod memory;
pub mod official;
pub mod packing;
pub mod seeds;
pub mod small;
pub mod walk;

use nas_assay::{Backend, Lab, Store, Suite};

/// A spec that trains nothing and scores two architectures.
pub const SPEC: &str = "name = 'counts'\nspace = 'nb201'\n\
    [images.synthetic]\nresolution = 8\ntrain = 8\nvalidation = 8\n\
    [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n\
    [zero-shot]\nnetwork = { channels = 2, cells = 1 }\n\
    [panels.all]\nsample = 2\nestimators = ['params', 'flops']\n\
    [criteria]\nresamples = 2\n";

/// Runs [`SPEC`] in a store: the text of its record.
///
/// # Errors
/// If it cannot be run, with the reason.
pub fn run(suite: &Suite, store: &std::path::Path) -> Result<String, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let store = Store::open(store).map_err(|error| text(&error))?;
    let lab = Lab::new(suite, store, Backend::cpu()).with_jobs(1);
    let spec = nas_assay::spec::parse_spec(SPEC, "a target").map_err(|error| text(&error))?;
    let record = lab.run(&lab.resolve(spec).map_err(|error| text(&error))?).map_err(|error| text(&error))?;
    record.to_json().map_err(|error| text(&error))
}

/// A folder in memory, if the system has one.
pub fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

/// An architecture whose files of weights are read.
pub const ARCHITECTURE: &str = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|";

/// The variable that tells a target to write inputs to start from into a folder, and nothing else.
pub const SEEDS: &str = "NAS_ASSAY_SEEDS";

/// Writes inputs to start from and ends the program, if [`SEEDS`] names a folder. Programs that the fuzzer counts in need its runtime, so this
/// cannot be a program of its own.
pub fn write_seeds_if_asked() {
    if let Some(folder) = std::env::var_os(SEEDS) {
        seeds::write(folder.as_ref()).expect("inputs to start from");
        std::process::exit(0);
    }
}

/// The most memory that this process had, in bytes; 0 if the system does not tell.
pub fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .map_or(0, |kb: u64| 1024 * kb)
}
