//! Compiles the kernels of the CUDA engine, if that is built.

fn main() {
    #[cfg(feature = "cuda")]
    compile_kernels();
}

/// Leaves `kernels.ptx` in the folder for outputs. The code is for the oldest architecture that today's compilers know; a driver translates
/// it for its GPU.
#[cfg(feature = "cuda")]
fn compile_kernels() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/gpu/kernels");
    let built = cudaforge::KernelBuilder::new()
        .source_files(["src/gpu/kernels/kernels.cu"])
        .watch(["src/gpu/kernels"])
        .compute_cap(75)
        .arg("-std=c++17")
        .arg("-O3")
        // No fused multiply-add but where the source asks for one, so that all compilers give the same bits.
        .arg("-fmad=false")
        .build_ptx();
    if let Err(error) = built {
        println!("cargo::error=the CUDA kernels could not be compiled: {error}");
    }
}
