// What kernels of both types share.

#pragma once
typedef unsigned int u32;

// Threads of a block in kernels that sum.
#define BLOCK 256

// Every index below `n`, shared among all threads of the grid.
#define EACH(i, n) u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += gridDim.x * blockDim.x

__device__ __forceinline__ float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
__device__ __forceinline__ double fused(double a, double b, double c) { return __fma_rn(a, b, c); }

// Shared memory of a size that the launch says.
extern __shared__ __align__(16) unsigned char dynamic_shared[];

// The sum of one number of every thread, for the first thread: in a warp by halves, then the warps in their order.
__device__ __forceinline__ double block_sum(double value) {
    __shared__ double warps[BLOCK / 32];
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_down_sync(0xffffffffu, value, distance);
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = value;
    __syncthreads();
    double sum = 0.0;
    if (threadIdx.x == 0)
        for (u32 warp = 0; warp < blockDim.x / 32; warp++) sum += warps[warp];
    __syncthreads();
    return sum;
}

// Whether this block is the last of its column (`blockIdx.y`) to get here; then what the others wrote is visible to its first thread. The
// counter is zero again afterwards.
__device__ __forceinline__ bool is_last_of_column(u32 *counters) {
    __shared__ bool last;
    if (threadIdx.x == 0) {
        __threadfence();
        last = atomicAdd(&counters[blockIdx.y], 1u) == gridDim.x - 1;
        if (last) {
            counters[blockIdx.y] = 0;
            __threadfence();
        }
    }
    __syncthreads();
    return last;
}

// The elements of one channel of an image tensor: `rows` planes of `plane` pixels, one every `step` pixels. A block sees `count` of these
// elements, from `first` on.
struct Column {
    u32 plane, step, first, count;
};

// The part of channel `blockIdx.y` that belongs to block `blockIdx.x`.
__device__ __forceinline__ Column part_of_column(u32 images, u32 channels, u32 plane) {
    u32 total = images * plane, each = (total + gridDim.x - 1) / gridDim.x;
    u32 first = min(blockIdx.x * each, total);
    return {plane, channels * plane, first, min(each, total - first)};
}

// Where element `i` of a part of a column lies in the tensor.
__device__ __forceinline__ u32 place_in(const Column &column, u32 i) {
    u32 element = column.first + i, image = element / column.plane;
    return image * column.step + blockIdx.y * column.plane + (element - image * column.plane);
}
