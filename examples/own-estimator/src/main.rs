//! The complete program with the estimator added: `cargo run -- verify --estimator grad_l1`, `cargo run -- run my.toml`, ...

use std::process::ExitCode;

use nas_assay::Suite;
use own_estimator::GradL1;

fn main() -> ExitCode {
    match Suite::builtin().with(GradL1) {
        Ok(suite) => nas_assay::cli::main_with(suite),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
