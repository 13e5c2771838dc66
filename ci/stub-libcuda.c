/* Stands in for the NVIDIA driver's library where there is no driver: every function answers that there is no device.
 *
 * Compiled with the names of the functions that a program wants in `wanted.h`, one `ABSENT(name)` a line. */

#include <stddef.h>

enum { CUDA_SUCCESS = 0, CUDA_ERROR_NO_DEVICE = 100 };

int cuGetErrorName(int error, const char **text) {
    *text = error == CUDA_ERROR_NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_UNKNOWN";
    return CUDA_SUCCESS;
}

int cuGetErrorString(int error, const char **text) {
    *text = error == CUDA_ERROR_NO_DEVICE ? "no CUDA-capable device is detected" : "unknown error";
    return CUDA_SUCCESS;
}

#define ABSENT(name) \
    int name(void) { return CUDA_ERROR_NO_DEVICE; }
#include "wanted.h"
