// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cuda/module.h"

#include "engine/cuda/module_abi.h"

#include <algorithm>
#include <cstdio>
#include <dlfcn.h>
#include <memory>

namespace sy::cuda {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFileName = "libswitchyard_cuda.so";
constexpr int32_t kMostDevices = 64;

struct LibraryCloser {
    void operator()(void* library) const noexcept { ::dlclose(library); }
};
using Library = std::unique_ptr<void, LibraryCloser>;

template <typename Function>
Function symbol(const Library& library, const char* name)
{
    return reinterpret_cast<Function>(::dlsym(library.get(), name));
}

std::string lastError()
{
    const char* error = ::dlerror();
    return error ? error : "unknown error";
}

Availability devicesOf(const Library& library)
{
    const auto list = symbol<ListDevicesFunction>(library, kListDevicesSymbol);
    if (!list)
        return {Availability::State::badModule, std::string("it lacks ") + kListDevicesSymbol, {}};
    std::vector<ModuleDevice> devices(kMostDevices);
    char problem[512] = "";
    const int32_t count = list(devices.data(), kMostDevices, problem, sizeof problem);
    problem[sizeof problem - 1] = '\0';
    if (count < 0)
        return {Availability::State::noDriver, problem, {}};
    Availability result{count == 0 ? Availability::State::noDevice : Availability::State::ready, {}, {}};
    for (int32_t i = 0; i < std::min(count, kMostDevices); ++i) {
        ModuleDevice& device = devices[size_t(i)];
        device.name[sizeof device.name - 1] = '\0';
        result.devices.push_back({device.name, device.totalBytes, device.freeBytes, device.computeMajor, device.computeMinor});
    }
    return result;
}

} // namespace

fs::path moduleOf(const fs::path& program)
{
    const fs::path folder = program.parent_path();
    std::error_code ignored;
    for (const fs::path& candidate : {folder / kFileName, folder.parent_path() / "lib" / "switchyard" / kFileName}) {
        if (fs::exists(candidate, ignored))
            return candidate;
    }
    return folder / kFileName;
}

Availability probe(const fs::path& module)
{
    std::error_code ignored;
    if (!fs::exists(module, ignored))
        return {};
    const Library library(::dlopen(fs::absolute(module).c_str(), RTLD_NOW | RTLD_LOCAL));
    if (!library)
        return {Availability::State::badModule, lastError(), {}};
    const auto abi = symbol<AbiFunction>(library, kAbiSymbol);
    if (!abi)
        return {Availability::State::badModule, std::string("it lacks ") + kAbiSymbol, {}};
    if (const int32_t version = abi(); version != kModuleAbi)
        return {Availability::State::badModule,
                "it speaks version " + std::to_string(version) + ", the program version " + std::to_string(kModuleAbi), {}};
    return devicesOf(library);
}

std::string describe(const Availability& availability)
{
    switch (availability.state) {
    case Availability::State::noModule: return "no CUDA module in this build";
    case Availability::State::badModule: return "the CUDA module cannot be used (" + availability.detail + ")";
    case Availability::State::noDriver: return "no usable NVIDIA driver (" + availability.detail + ")";
    case Availability::State::noDevice: return "an NVIDIA driver, but no device";
    case Availability::State::ready: break;
    }
    std::string text;
    for (const DeviceFacts& device : availability.devices) {
        char memory[64];
        std::snprintf(memory, sizeof memory, ", %.0f GB, compute capability %d.%d", double(device.totalBytes) / 1e9, device.computeMajor,
                      device.computeMinor);
        text += (text.empty() ? "" : "; ") + device.name + memory;
    }
    return text;
}

} // namespace sy::cuda
