//! Helpers for the tests of the program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The device that tests run networks on: `cpu`, or what `NAS_ASSAY_TEST_DEVICE` names.
pub fn device() -> String {
    std::env::var("NAS_ASSAY_TEST_DEVICE").unwrap_or_else(|_| "cpu".to_owned())
}

/// The data root that `NAS_ASSAY_DATA` names, as an argument of the program.
///
/// # Panics
/// If the variable is not set.
pub fn data_root() -> String {
    nas_assay_testing::data_root().to_str().unwrap().to_owned()
}

/// NASWOT's scores of all encodings of NAS-Bench-201 by another implementation, `FreeREA`'s, whose accuracies are imported into the folder `root` of
/// the bench: for each encoding its number in the benchmark's index, and a line of a score file.
pub fn naswot_of_freerea(bench: &Bench) -> Vec<(usize, String)> {
    let root = data_root();
    bench.run(&["data", "import", "freerea", &format!("{root}/freerea"), "--data-root", "root"]).exits(0);
    let texts = bench.run(&["architectures", "--space", "nb201", "--all"]).exits(0).stdout;
    let scores = std::fs::read_to_string(format!("{root}/freerea/cifar10-naswot.csv")).unwrap();
    let by_index: Vec<&str> = scores.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    let line = |text: &str| {
        let index = text.parse::<nas_assay::space::nb201::Architecture>().unwrap().benchmark_index();
        (index, format!("{text},{}\n", by_index[index]))
    };
    texts.lines().map(line).collect()
}

/// A temporary folder for a test, with a store, specs and data.
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file. Missing folders are created.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A command that runs the program in this folder. It has a data root only if the arguments name one.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nas-assay"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("NAS_ASSAY_DATA").env("NO_COLOR", "1");
        command.env_remove("NAS_ASSAY_INSTRUCTION_SET");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// All files below a folder, including temporary files: relative paths and contents, sorted.
    pub fn files(&self, relative: &str) -> Vec<(String, Vec<u8>)> {
        fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(root, &path, found);
                } else {
                    let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                    match std::fs::read(&path) {
                        Ok(content) => found.push((name, content)),
                        // A running program may have renamed it just now.
                        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}", path.display()),
                    }
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path(relative), &self.path(relative), &mut found);
        found.sort();
        found
    }

    /// The results in a store: all files except the provenance, which contains the time and the number of threads, and signs of workers.
    pub fn results(&self, store: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = self.files(store);
        files.retain(|(name, _)| !name.contains("/provenance/") && !name.starts_with("workers/"));
        files
    }
}

/// The result of a run of the program.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that stdout contains `part`.
    #[track_caller]
    pub fn prints(self, part: &str) -> Self {
        assert!(self.stdout.contains(part), "`{part}` is not in:\n{}", self.stdout);
        self
    }

    /// Asserts that stderr contains `part`, with any line breaks.
    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        let plain =
            |text: &str| text.replace(['│', '×', '╰', '─', '▶'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain(&self.stderr).contains(&plain(part)), "`{part}` is not in:\n{}", self.stderr);
        self
    }
}

/// A spec that trains nothing. It has baselines and the carried truth.
pub const BASELINES: &str = "name = 'baselines'\nspace = 'nb201'\n\
    [images.synthetic]\ntrain = 64\nvalidation = 20\n\
    [truth.trained]\ntable = 'nb201-micro'\n\
    [zero-shot]\nnetwork = { channels = 4, cells = 1 }\n\
    [panels.all]\nestimators = ['params', 'flops', 'relu_count']\n\
    [criteria]\nresamples = 20\n";

/// A spec that trains a supernet and scores every kind of estimator in a few seconds.
pub const TINY: &str = "name = 'tiny'\nspace = 'nb201'\n\
    [images.synthetic]\ntrain = 96\nvalidation = 40\n\
    [truth.trained]\ntable = 'nb201-micro'\n\
    [supernet]\nsampling = 'deiso'\nnetwork = { channels = 4, cells = 1 }\n\
    [supernet.training]\nepochs = 8\nbatch = 32\nlearning-rate = 0.05\ndropout = 0.1\naugment = true\nclip = 5.0\n\
    schedule = { plateau = { patience = 1 } }\n\
    [one-shot]\nbatch = 20\n\
    [zero-shot]\nnetwork = { channels = 4, cells = 1 }\nbatch = 16\nseeds = [20, 2020]\n\
    [panels.all]\nestimators = ['params', 'grad_norm', 'snip', 'plain', 'synflow', 'jacob_cov', 'relu_logdet', \
    'oneshot_accuracy', 'oneshot_loss']\n\
    [criteria]\nresamples = 50\n";

/// The experiment that most documents run. Its stages are computed once for all tests.
pub const MICRO: &str = "nb201-micro";

/// Gives a store all stages of [`MICRO`], and no record.
pub fn with_micro_stages(store: &Path) {
    copy(&micro().0.path(".nas-assay"), store);
}

/// The record of [`MICRO`] on the CPU, from an empty store.
pub fn micro_record() -> &'static str {
    &micro().1
}

/// A folder in which [`MICRO`] was run, once for all tests, and its record.
fn micro() -> &'static (Bench, String) {
    static DONE: OnceLock<(Bench, String)> = OnceLock::new();
    DONE.get_or_init(|| {
        let bench = Bench::new();
        let record = bench.run(&["run", MICRO, "--json", "--quiet"]).exits(0).stdout;
        (bench, record)
    })
}

/// Puts the stages of a store into another one, without its records.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        let is_left_out = ["records", "latest", "lock", "workers"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !is_left_out {
            copy(&path, &target);
        } else if !is_left_out && !target.exists() {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
