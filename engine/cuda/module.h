// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sy::cuda {

struct DeviceFacts {
    std::string name;
    uint64_t totalBytes = 0;
    uint64_t freeBytes = 0;
    int computeMajor = 0;
    int computeMinor = 0;
};

/// Whether this machine has NVIDIA devices that this build can see.
struct Availability {
    enum class State {
        noModule,  // this build has none
        badModule, // it does not load, or belongs to another version of the program
        noDriver,  // the module is there; NVIDIA's driver is not, or does not work
        noDevice,  // the driver is there and reports no device
        ready,
    };
    State state = State::noModule;
    std::string detail; // for badModule and noDriver: what the loader or the driver said
    std::vector<DeviceFacts> devices;
};

/// Where the module of a program lies: in its own folder (build tree) or in ../lib/switchyard (installed).
std::filesystem::path moduleOf(const std::filesystem::path& program);

/// Loads the module and asks it for devices; unloads it again. Never throws for what it finds.
Availability probe(const std::filesystem::path& module);

/// One plain sentence, without a full stop: "no CUDA module in this build", "no NVIDIA driver (…)", "NVIDIA H200, 139 GiB".
std::string describe(const Availability& availability);

} // namespace sy::cuda
