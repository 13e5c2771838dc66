//! Commands of documents that are not ours: what runs each of them, or why nothing does.

/// What runs a command.
enum By {
    /// A script or a test: a file of the repository that has this text.
    Script(&'static str, &'static str),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

const GPU: By = By::Nothing("it needs a GPU: ci/gpu-check.sh is for a machine that has one");

/// The beginning of each command, and what runs it.
const COMMANDS: &[(&str, By)] = &[
    ("cd ", By::Nothing("it only changes the folder")),
    ("export ", By::Nothing("it only sets a variable")),
    ("git diff golden", By::Nothing("it only shows what another command has changed")),
    ("INSTA_UPDATE=always cargo test --test suite golden", By::Nothing("it changes the goldens")),
    ("NAS_ASSAY_DATA=DIR cargo test -- --include-ignored", By::Script(".ci/run", "tests=(-- --include-ignored)")),
    ("cargo test", By::Script(".ci/run", "step cargo test")),
    (
        "cargo run --bin judge nb201 nds_resnet",
        By::Script("ci/own-estimator.sh", "cargo run --bin judge nb201 nds_res"),
    ),
    (
        "nas-assay verify --estimator grad_l1",
        By::Script("ci/own-estimator.sh", "cargo run -- verify --estimator grad_l1"),
    ),
    (
        "c++ -std=c++17 -O2 -o l2_norm l2_norm.cpp",
        By::Script(
            "tests/suite/external.rs",
            "fn the_example_in_another_language_has_the_scores_of_the_built_in_estimator()",
        ),
    ),
    ("git clone https://github.com/nas-assay/nas-assay", By::Nothing("it needs the network")),
    (
        "cargo install --locked --path .",
        By::Nothing("it compiles everything once more: ci/python.sh installs the program"),
    ),
    ("pip install \"./python[torch]\"", By::Script("ci/python.sh", "[torch,pandas,test]\"")),
    ("pip install \"./python[torch,test]\"", By::Script("ci/python.sh", "[torch,pandas,test]\"")),
    ("pytest", By::Script("ci/python.sh", "step pytest")),
    ("mypy", By::Script("ci/python.sh", "step mypy")),
    ("ruff check .", By::Script("ci/python.sh", "step ruff check .")),
    ("cargo build --release --features cuda", By::Script("ci/check-cuda.sh", "cargo build --locked --features cuda")),
    ("target/release/nas-assay run nb201-micro --device cuda:0", GPU),
    ("ci/gpu-check.sh", GPU),
    ("NAS_ASSAY_TEST_DEVICE=cuda:0 cargo test --features cuda", GPU),
    ("NAS_ASSAY_TEST_DEVICE=cuda:0 INSTA_UPDATE=always cargo test --features cuda --test suite golden", GPU),
    ("SBATCH_OPTIONS=", By::Script("ci/slurm.sh", "SBATCH_OPTIONS=\"--output=")),
];

/// Whether the list has a command.
pub fn known(command: &str) -> Result<(), String> {
    let is_known = COMMANDS.iter().any(|(beginning, _)| command.starts_with(beginning));
    let advice = "add it there with the script or the test that runs it, or with the reason why none does";
    if is_known {
        Ok(())
    } else {
        Err(format!("`{command}` is not in the list of tests/suite/documents/setup.rs: {advice}"))
    }
}

#[test]
fn what_is_said_to_run_a_command_is_there() {
    for (command, by) in COMMANDS {
        match by {
            By::Script(path, text) => {
                let script = std::fs::read_to_string(super::root().join(path));
                assert!(script.is_ok_and(|script| script.contains(text)), "{path} does not run `{command}`");
            }
            By::Nothing(reason) => assert!(!reason.is_empty()),
        }
    }
    assert!(known("cargo tset").is_err_and(|error| error.contains("`cargo tset` is not in the list")));
}
