// SPDX-License-Identifier: GPL-3.0-or-later
// A CUDA module without CUDA, in the shape that its compile definition asks for.
#include "engine/cuda/module_abi.h"

#include <cstdio>

#ifndef FAKE_no_symbols
extern "C" int32_t switchyardCudaAbi()
{
#ifdef FAKE_other_version
    return sy::cuda::kModuleAbi + 1;
#else
    return sy::cuda::kModuleAbi;
#endif
}

extern "C" int32_t switchyardCudaDevices([[maybe_unused]] sy::cuda::ModuleDevice* devices, [[maybe_unused]] int32_t capacity,
                                         [[maybe_unused]] char* problem, [[maybe_unused]] int32_t problemBytes)
{
#if defined(FAKE_no_driver)
    std::snprintf(problem, size_t(problemBytes), "CUDA driver version is insufficient");
    return -1;
#elif defined(FAKE_no_device)
    return 0;
#else
    for (int32_t i = 0; i < 2 && i < capacity; ++i) {
        std::snprintf(devices[i].name, sizeof devices[i].name, "Card %d", i);
        devices[i].totalBytes = 24'000'000'000u;
        devices[i].freeBytes = 20'000'000'000u;
        devices[i].computeMajor = 9;
        devices[i].computeMinor = 0;
    }
    return 2;
#endif
}
#endif
