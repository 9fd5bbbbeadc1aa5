// SPDX-License-Identifier: GPL-3.0-or-later
// The CUDA module: everything that needs NVIDIA's libraries, in a shared object that the program loads when it is there. The ops'
// kernels (engine/ops/*/*_cuda.cu) join it as they are written; so far it tells which devices there are.
#include "engine/cuda/module_abi.h"

#include <algorithm>
#include <cstdio>
#include <cuda_runtime_api.h>

using sy::cuda::ModuleDevice;

namespace {

int32_t failed(cudaError_t status, char* problem, int32_t problemBytes)
{
    std::snprintf(problem, size_t(problemBytes), "%s", cudaGetErrorString(status));
    return -1;
}

} // namespace

extern "C" __attribute__((visibility("default"))) int32_t switchyardCudaAbi()
{
    return sy::cuda::kModuleAbi;
}

extern "C" __attribute__((visibility("default"))) int32_t switchyardCudaDevices(ModuleDevice* devices, int32_t capacity, char* problem,
                                                                                int32_t problemBytes)
{
    int count = 0;
    const cudaError_t counted = cudaGetDeviceCount(&count);
    if (counted == cudaErrorNoDevice)
        return 0;
    if (counted != cudaSuccess)
        return failed(counted, problem, problemBytes);
    for (int i = 0; i < std::min(count, int(capacity)); ++i) {
        cudaDeviceProp properties{};
        size_t freeBytes = 0, totalBytes = 0;
        if (const cudaError_t status = cudaGetDeviceProperties(&properties, i); status != cudaSuccess)
            return failed(status, problem, problemBytes);
        if (const cudaError_t status = cudaSetDevice(i); status != cudaSuccess)
            return failed(status, problem, problemBytes);
        if (const cudaError_t status = cudaMemGetInfo(&freeBytes, &totalBytes); status != cudaSuccess)
            return failed(status, problem, problemBytes);
        std::snprintf(devices[i].name, sizeof devices[i].name, "%s", properties.name);
        devices[i].totalBytes = totalBytes;
        devices[i].freeBytes = freeBytes;
        devices[i].computeMajor = properties.major;
        devices[i].computeMinor = properties.minor;
    }
    return count;
}
