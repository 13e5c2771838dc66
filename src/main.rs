//! The `nas-assay` program.

mod cli;

use std::process::ExitCode;

// Training allocates and frees the same large buffers at every step; this allocator keeps their pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    nas_assay::net::kernels::keep_candle_on_its_thread();
    nas_assay::net::kernels::keep_freed_memory();
    cli::main()
}
