//! The `nas-assay` program.

use std::process::ExitCode;

use git_version::git_version;

// Training allocates and frees the same large buffers at every step; this allocator keeps their pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    nas_assay::kernels::cpu::keep_freed_memory();
    let commit = git_version!(args = ["--always", "--abbrev=40", "--match="], fallback = "");
    nas_assay::cli::main_of(nas_assay::Suite::builtin(), Some(commit).filter(|commit| !commit.is_empty()))
}
