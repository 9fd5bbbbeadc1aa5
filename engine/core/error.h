// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace sy {

/// Everything the engine throws on purpose (STYLE.md section 5). what() is one plain English sentence for logs and the
/// command line; the window words its own message from the fields. A programmer's mistake is std::invalid_argument.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The contents of a file contradict its format.
class BadFile : public Error {
public:
    BadFile(std::string path, std::string problem, int64_t offset = -1);
    std::string path;
    std::string problem; // without the path, e.g. "tensor blk.0.attn_q.weight ends past the end of the file"
    int64_t offset;      // bytes from the start of the file, or -1
};

/// Valid, but this build or machine cannot: names the thing (architecture, tensor type, device, option).
class Unsupported : public Error {
public:
    Unsupported(std::string thing, std::string reason);
    std::string thing;
    std::string reason;
};

class OutOfMemory : public Error {
public:
    OutOfMemory(std::string device, uint64_t wantedBytes, uint64_t availableBytes);
    std::string device;
    uint64_t wantedBytes;
    uint64_t availableBytes;
};

class DeviceFailure : public Error {
public:
    DeviceFailure(std::string device, std::string doing, std::string detail);
    std::string device;
    std::string doing;
    std::string detail;
};

/// A database or file operation failed: disk full, no permission, missing file, locked.
class StorageFailure : public Error {
public:
    StorageFailure(std::string path, std::string doing, std::string detail);
    std::string path;
    std::string doing;
    std::string detail;
};

/// The caller asked to stop: an answer, not a failure.
class Cancelled : public Error {
public:
    Cancelled() : Error("cancelled") {}
};

} // namespace sy
