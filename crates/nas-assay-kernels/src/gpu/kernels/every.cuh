// All kernels for one type of numbers, REAL.

#define KERNEL(name) extern "C" __global__ void NAME(name)
#include "elementwise.cuh"
#include "copies.cuh"
#include "reduce.cuh"
#include "norm.cuh"
#include "pool.cuh"
#include "convolution.cuh"
#include "head.cuh"
#include "training.cuh"
#undef KERNEL
