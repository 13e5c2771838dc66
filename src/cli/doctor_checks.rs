//! What `nas-assay doctor` looks at.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use indicatif::HumanBytes;
use nas_assay_base::text::{grouped, printable};
use serde_json::json;

use super::context::Context;
use super::data_files::{condition, needed};
use super::doctor::{Check, State};
use super::exit::{DATA, DEVICE, Failure, UNEXPECTED};
use super::print::counted;
use crate::Backend;
use crate::kernels::cpu::Isa;
use crate::store::survey::Condition;

/// The program itself.
pub(super) fn program(context: &Context) -> Check {
    let (version, commit) = (env!("CARGO_PKG_VERSION"), context.commit());
    let of = commit.map_or("git commit unknown".to_owned(), |commit| format!("git commit {commit}"));
    let facts = json!({"version": version, "commit": commit, "cuda": cfg!(feature = "cuda")});
    Check::new("program", State::Ok, format!("nas-assay {version}, {of}"), facts)
}

/// The processor and its vector instructions.
pub(super) fn processor() -> Check {
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
        Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
    });
    let (used, usable) = (Isa::current().name(), Isa::available().iter().map(|isa| isa.name()).collect::<Vec<_>>());
    let name = model.clone().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let found = format!("{}, vector instructions {used} (it has {})", printable(&name), usable.join(", "));
    let facts = json!({"model": model, "architecture": std::env::consts::ARCH, "instruction_set": used, "instruction_sets": usable});
    Check::new("processor", State::Ok, found, facts)
}

/// The worker threads.
pub(super) fn threads() -> Check {
    let used = rayon::current_num_threads();
    let cores = std::thread::available_parallelism().ok().map(std::num::NonZero::get);
    let of = cores.map_or(String::new(), |cores| format!(" on {}", counted(cores, "core")));
    let found = format!("{}{of}", counted(used, "worker thread"));
    Check::new("threads", State::Ok, found, json!({"threads": used, "cores": cores}))
}

/// The memory of the machine, and the limit of a container.
pub(super) fn memory() -> Check {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let of = |name: &str| kibibytes(&text, name).map(|kibibytes| kibibytes * 1024);
    let (total, free) = (of("MemTotal:"), of("MemAvailable:"));
    let limit: Option<u64> =
        fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let found = match (total, free) {
        (Some(total), Some(free)) => format!("{}, of which {} are free", HumanBytes(total), HumanBytes(free)),
        _ => "not known on this system".to_owned(),
    };
    let limited = limit.map_or(String::new(), |limit| format!("; this process may use {}", HumanBytes(limit)));
    let facts = json!({"bytes": total, "free_bytes": free, "limit_bytes": limit});
    Check::new("memory", State::Ok, found + &limited, facts)
}

/// A line of `/proc/meminfo`, in KiB.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// So many GPUs are looked for.
const MOST_GPUS: usize = 16;

/// The GPUs, and the device that was asked for.
pub(super) fn devices(context: &Context) -> Vec<Check> {
    let mut checks = Vec::new();
    if cfg!(feature = "cuda") {
        let mut names = Vec::new();
        while names.len() < MOST_GPUS
            && let Ok(gpu) = Backend::open(&format!("cuda:{}", names.len()))
        {
            names.push(format!("cuda:{}, {}", names.len(), printable(&gpu.name())));
        }
        let facts = json!({"built": true, "devices": names});
        checks.push(if names.is_empty() {
            Check::new("GPU", State::Missing, "no NVIDIA GPU can be used; all work runs on the CPU", facts)
                .advise("`nvidia-smi` lists the devices of the driver; in a container, they must be passed through; `--device cpu` needs no GPU")
        } else {
            Check::new("GPU", State::Ok, names.join("; "), facts)
        });
    } else {
        let found = "this nas-assay was built without CUDA; all work runs on the CPU";
        checks.push(
            Check::new("GPU", State::Missing, found, json!({"built": false, "devices": []}))
                .advise("for an NVIDIA GPU, build it with `cargo build --features cuda`"),
        );
    }
    let asked = context.device();
    if asked != "cpu" {
        let facts = json!({"device": asked});
        checks.push(match context.backend() {
            Ok(backend) => Check::new("device", State::Ok, format!("{asked}, {}", printable(&backend.name())), facts),
            Err(failure) => Check::new("device", State::Problem(DEVICE), failure.to_string(), facts)
                .advise("leave out --device, or name `cpu` with it"),
        });
    }
    checks
}

/// The data root, and which of the files that carried specs need are there.
pub(super) fn data(context: &Context) -> Result<Check, Failure> {
    let Some(root) = context.data_root() else {
        return Ok(Check::new(
            "data",
            State::Missing,
            "no data root is set; it is for real images and benchmarks",
            json!({"root": null}),
        )
        .advise("give --data-root DIR or set NAS_ASSAY_DATA; `nas-assay data list` says what makes the files"));
    };
    let folder = root.folder().display().to_string();
    let needed = needed()?;
    let mut files: Vec<&String> = needed.iter().flat_map(|spec| &spec.files).collect();
    files.sort_unstable();
    files.dedup();
    let is_there = |file: &str| condition(Some(&root), file).is_there();
    let (there, lacking): (Vec<&String>, Vec<&String>) = files.iter().partition(|file| is_there(file));
    let can_run = |spec: &&super::data_files::Needed| spec.files.iter().all(|file| is_there(file));
    let ready: Vec<&str> = needed.iter().filter(can_run).map(|spec| spec.spec.as_str()).collect();
    let facts = json!({"root": folder, "there": there, "missing": lacking, "specs_that_can_run": ready});
    if !root.folder().is_dir() {
        let found = format!("{} is no folder", printable(&folder));
        return Ok(Check::new("data", State::Problem(DATA), found, facts)
            .advise("give another folder with --data-root DIR or NAS_ASSAY_DATA; a new, empty one will do"));
    }
    let found = format!(
        "{}: {} of {} files that carried specs need; {} of these {} can run",
        printable(&folder),
        grouped(there.len() as u64),
        grouped(files.len() as u64),
        ready.len(),
        counted(needed.len(), "spec"),
    );
    let state = if lacking.is_empty() { State::Ok } else { State::Missing };
    let mut check = Check::new("data", state, found, facts);
    let line = |word: &str, file: &&String| format!("{word:<8}{file}");
    check.details =
        there.iter().map(|file| line("there", file)).chain(lacking.iter().map(|file| line("lacking", file))).collect();
    Ok(if lacking.is_empty() {
        check
    } else {
        check.advise("`nas-assay data list` says what makes the files that are lacking")
    })
}

/// The store: whether it can be written, what it holds, and whether that is whole.
pub(super) fn store(context: &Context) -> Check {
    let folder = context.store_folder();
    let shown = printable(&folder.display().to_string()).into_owned();
    let exists = folder.exists();
    let facts = |more: serde_json::Value| {
        let mut facts = json!({"folder": folder.display().to_string(), "exists": exists});
        if let (Some(facts), serde_json::Value::Object(more)) = (facts.as_object_mut(), more) {
            facts.extend(more);
        }
        facts
    };
    if let Err(error) = can_be_written(folder) {
        let found = format!("{shown} cannot be written: {error}");
        return Check::new("store", State::Problem(UNEXPECTED), found, facts(json!({"writable": false})))
            .advise("give another folder with --store DIR, or change the permissions of this one");
    }
    if !exists {
        let found = format!("{shown} is not there yet; the first run makes it");
        return Check::new(
            "store",
            State::Ok,
            found,
            facts(json!({"writable": true, "records": 0, "bytes": 0, "damaged": 0})),
        );
    }
    let surveyed = context.store().and_then(|store| Ok((store.records()?.len(), store.survey()?)));
    let (records, entries) = match surveyed {
        Ok(found) => found,
        Err(failure) => {
            let code = failure.code();
            return Check::new("store", State::Problem(code), failure.to_string(), facts(json!({"writable": true})));
        }
    };
    let bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let is_bad = |condition: &Condition| {
        matches!(condition, Condition::Damaged(_) | Condition::Newer(_) | Condition::Unreadable(_))
    };
    let bad = entries.iter().filter(|entry| is_bad(&entry.condition)).count();
    let facts = facts(json!({"writable": true, "records": records, "bytes": bytes, "damaged": bad}));
    let holds = format!("{shown}: {}, {}", counted(records, "finished record"), HumanBytes(bytes));
    if bad == 0 {
        return Check::new("store", State::Ok, holds, facts);
    }
    let found = format!("{holds}; {} damaged or unreadable", counted(bad, "file"));
    let repair = context.command("store check --repair");
    Check::new("store", State::Problem(DATA), found, facts)
        .advise(format!("`{repair}` removes damaged files, and the next run makes them again"))
}

/// Whether files can be made in a folder, or in the first folder above it that exists.
fn can_be_written(folder: &Path) -> Result<(), std::io::Error> {
    let absolute = std::path::absolute(folder)?;
    let there = absolute.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    if !there.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    let probe: PathBuf = there.join(format!(".nas-assay-doctor-{}.tmp", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    fs::remove_file(probe)
}

/// Prints the version of Python, and which packages it finds. Folders below the current one are no packages.
const LOOK: &str = "import sys, importlib.util as u; sys.path = [p for p in sys.path if p]; \
                    print(sys.version.split()[0], *[n for n in ('nas_assay', 'torch') if u.find_spec(n)])";

/// Python with the package of this project, and `PyTorch`.
pub(super) fn python() -> Check {
    let Some((name, text)) = ["python3", "python"].into_iter().find_map(|name| Some((name, answer(name)?))) else {
        let facts = json!({"python": null, "version": null, "nas_assay": false, "torch": false});
        return Check::new("Python", State::Missing, "none was found; only estimators in Python need it", facts)
            .advise("install Python 3 to write an estimator in it; other languages need none");
    };
    let mut words = text.split_whitespace();
    let version = words.next().unwrap_or_default();
    let packages: Vec<&str> = words.collect();
    let [package, torch] = ["nas_assay", "torch"].map(|name| packages.contains(&name));
    let word = |is: bool| if is { "found" } else { "not found" };
    let found = format!("{name} {}, package nas_assay {}, torch {}", printable(version), word(package), word(torch));
    let facts = json!({"python": name, "version": version, "nas_assay": package, "torch": torch});
    let check = Check::new("Python", if package && torch { State::Ok } else { State::Missing }, found, facts);
    match (package, torch) {
        (true, true) => check,
        (true, false) => check.advise("install PyTorch for estimators that use it: pip install torch"),
        (false, _) => check.advise(
            "install the package from the repository for estimators in Python: pip install \"./python[torch]\"",
        ),
    }
}

/// Python may take so long to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What this Python prints; `None` if there is none, or if it fails or takes too long.
fn answer(python: &str) -> Option<String> {
    let mut child = Command::new(python)
        .args(["-c", LOOK])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    };
    let mut text = String::new();
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    status.success().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_kibibytes() {
        let text = "MemTotal:       24567 kB\nMemAvailable:    1234 kB\n";
        assert_eq!((kibibytes(text, "MemTotal:"), kibibytes(text, "MemAvailable:")), (Some(24567), Some(1234)));
        assert_eq!(kibibytes("MemTotal: many kB", "MemTotal:"), None);
    }

    #[test]
    fn a_folder_that_is_not_there_is_written_above_it() {
        let folder = tempfile::tempdir().unwrap();
        can_be_written(&folder.path().join("a/b/c")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(can_be_written(&folder.path().join("file")).is_err());
        assert!(can_be_written(&folder.path().join("file/store")).is_err());
    }

    #[test]
    fn a_program_that_is_no_python_is_none() {
        assert_eq!(answer("a-program-that-does-not-exist"), None);
        assert_eq!(answer("false"), None);
    }
}
