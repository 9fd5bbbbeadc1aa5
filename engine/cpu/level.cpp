// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/level.h"

#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <set>
#include <string>
#include <thread>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace sy::cpu {

namespace {

#if defined(__x86_64__)
bool hasF16c() // clang 14 has no name for it in __builtin_cpu_supports
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

Level detected()
{
#if defined(__x86_64__)
    __builtin_cpu_init(); // looks at XCR0 too: the operating system must save the registers
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && hasF16c();
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi") &&
                        __builtin_cpu_supports("avx512bf16");
#if defined(SWITCHYARD_EMULATE_AVX512)
    return avx2 ? Level::avx512 : Level::scalar; // tests/cpu_emulation
#endif
    return avx512 ? Level::avx512 : avx2 ? Level::avx2 : Level::scalar;
#else
    return Level::scalar;
#endif
}

Level chosen()
{
    const Level best = detected();
    const char* wish = std::getenv("SWITCHYARD_CPU_ISA");
    const std::string_view name = wish ? wish : "";
    const Level wanted = name == "scalar" ? Level::scalar : name == "avx2" ? Level::avx2 : best;
    return wanted < best ? wanted : best;
}

} // namespace

Level level()
{
    static const Level value = chosen();
    return value;
}

std::string_view levelName(Level level)
{
    switch (level) {
    case Level::scalar: return "scalar";
    case Level::avx2: return "AVX2";
    case Level::avx512: return "AVX-512";
    }
    return "";
}

int physicalCores()
{
    static const int count = [] {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        if (sched_getaffinity(0, sizeof mask, &mask) != 0)
            return std::max(1, int(std::thread::hardware_concurrency()));
        std::set<std::string> cores;
        int nCpus = 0;
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (!CPU_ISSET(cpu, &mask))
                continue;
            ++nCpus;
            std::string siblings;
            std::ifstream("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list") >> siblings;
            cores.insert(siblings.empty() ? "cpu" + std::to_string(cpu) : siblings);
        }
        return std::max(1, std::min(nCpus, int(cores.size())));
    }();
    return count;
}

std::string_view processorName()
{
    static const std::string name = [] {
        std::ifstream info("/proc/cpuinfo");
        for (std::string line; std::getline(info, line);)
            if (line.starts_with("model name"))
                return line.substr(std::min(line.size(), line.find(": ") + 2));
        return std::string();
    }();
    return name;
}

} // namespace sy::cpu
