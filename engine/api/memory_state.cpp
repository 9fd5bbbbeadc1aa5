// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/engine.h"
#include "engine/api/model_memory.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

namespace sy::api {

namespace {

uint64_t kibibytesAfter(const std::string& line, const char* key)
{
    return line.rfind(key, 0) == 0 ? std::strtoull(line.c_str() + std::char_traits<char>::length(key), nullptr, 10) * 1024 : 0;
}

} // namespace

MemoryState memoryState()
{
    MemoryState memory{};
    std::ifstream info("/proc/meminfo");
    for (std::string line; std::getline(info, line);) {
        if (const uint64_t total = kibibytesAfter(line, "MemTotal:"))
            memory.totalBytes = total;
        else if (const uint64_t available = kibibytesAfter(line, "MemAvailable:"))
            memory.availableBytes = available;
    }
    uint64_t sizePages = 0, residentPages = 0;
    std::ifstream("/proc/self/statm") >> sizePages >> residentPages;
    memory.processBytes = residentPages * uint64_t(sysconf(_SC_PAGESIZE));
    return memory;
}

MemoryState forNextModel(MemoryState machine, std::span<const ModelMemory> staying, std::span<const ModelMemory> leaving)
{
    for (const ModelMemory& model : leaving)
        machine.availableBytes += model.ownBytes;
    for (const ModelMemory& model : staying)
        machine.availableBytes -= std::min(machine.availableBytes, model.awaitedBytes);
    machine.availableBytes = std::min(machine.availableBytes, machine.totalBytes);
    return machine;
}

} // namespace sy::api
