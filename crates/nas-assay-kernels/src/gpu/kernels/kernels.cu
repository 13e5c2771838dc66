// The kernels of the CUDA engine, each for f32 and for f64: every header is compiled twice.
//
// Rules that all of them keep, so that the same inputs give the same bits in every run and on every GPU:
// - The order of every sum is fixed by shapes alone. Atomic operations count blocks; they never add numbers.
// - The compiler fuses no multiplication with an addition (`-fmad=false`); where a fused one is wanted, `fused` says so.
// - Divisions and square roots are the rounded ones of IEEE 754, and exponentials are computed in double precision.

#include "common.cuh"

#define REAL float
#define NAME(name) name##_f32
#include "every.cuh"
#undef REAL
#undef NAME

#define REAL double
#define NAME(name) name##_f64
#include "every.cuh"

// The factor by which gradients are clipped, from the parts of their sums of squares; see `StepState`. One block.
extern "C" __global__ void clip_factor(const double *parts, const u32 *numbers, StepState *state, u32 tensors, u32 parts_each, double clip) {
    __shared__ u32 first;
    if (threadIdx.x == 0) first = 0xffffffffu;
    __syncthreads();
    double sum = 0.0;
    for (u32 tensor = threadIdx.x; tensor < tensors; tensor += BLOCK) {
        double own = 0.0;
        for (u32 part = 0; part < parts_each; part++) own += parts[tensor * parts_each + part];
        if (!isfinite(own)) atomicMin(&first, numbers ? numbers[tensor] : tensor);
        sum += own;
    }
    sum = block_sum(sum);
    if (threadIdx.x != 0) return;
    double norm = sqrt(sum);
    if (first != 0xffffffffu && state->diverged == 0.0) state->diverged = (double)first + 1.0;
    state->norm = norm;
    state->factor = clip > 0.0 ? fmin(1.0, clip / (norm + 1e-6)) : 1.0;
}
