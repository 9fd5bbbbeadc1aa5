// SPDX-License-Identifier: GPL-3.0-or-later
// What the program and its CUDA module agree on. The module is a shared object of its own, because it needs NVIDIA's libraries and
// the program has to start on machines without them. Only C types cross the border, so that both may be built by different compilers.
#pragma once

#include <cstdint>

namespace sy::cuda {

/// Raised whenever anything below changes; a module of another version is refused.
inline constexpr int32_t kModuleAbi = 1;

struct ModuleDevice {
    char name[256]; // ends with 0
    uint64_t totalBytes;
    uint64_t freeBytes;
    int32_t computeMajor; // compute capability, 9.0 for Hopper
    int32_t computeMinor;
};

// Symbols of the module, by these names.
inline constexpr const char* kAbiSymbol = "switchyardCudaAbi";             // AbiFunction
inline constexpr const char* kListDevicesSymbol = "switchyardCudaDevices"; // ListDevicesFunction

using AbiFunction = int32_t (*)();

/// Writes up to `capacity` devices. Returns how many there are, 0 included; -1 when the driver cannot be used, and then its own
/// words in `problem`.
using ListDevicesFunction = int32_t (*)(ModuleDevice* devices, int32_t capacity, char* problem, int32_t problemBytes);

} // namespace sy::cuda
