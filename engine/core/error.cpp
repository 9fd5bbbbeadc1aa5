// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"

#include <utility>

namespace sy {

BadFile::BadFile(std::string path_, std::string problem_, int64_t offset_)
    : Error(path_ + ": " + problem_ + (offset_ >= 0 ? " (at byte " + std::to_string(offset_) + ")" : std::string())),
      path(std::move(path_)), problem(std::move(problem_)), offset(offset_)
{
}

Unsupported::Unsupported(std::string thing_, std::string reason_)
    : Error(thing_ + " is not supported: " + reason_), thing(std::move(thing_)), reason(std::move(reason_))
{
}

OutOfMemory::OutOfMemory(std::string device_, uint64_t wanted, uint64_t available)
    : Error("not enough memory on " + device_ + ": " + std::to_string(wanted) + " bytes wanted, " + std::to_string(available) +
            " free"),
      device(std::move(device_)), wantedBytes(wanted), availableBytes(available)
{
}

DeviceFailure::DeviceFailure(std::string device_, std::string doing_, std::string detail_)
    : Error(device_ + " failed while " + doing_ + ": " + detail_), device(std::move(device_)), doing(std::move(doing_)),
      detail(std::move(detail_))
{
}

StorageFailure::StorageFailure(std::string path_, std::string doing_, std::string detail_)
    : Error(path_ + ": " + doing_ + " failed: " + detail_), path(std::move(path_)), doing(std::move(doing_)),
      detail(std::move(detail_))
{
}

} // namespace sy
