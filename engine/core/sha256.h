// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

namespace sy {

/// Streaming SHA-256 (FIPS 180-4) by OpenSSL.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void add(std::span<const std::byte> data);
    std::string hex(); // 64 lower-case digits; the object is finished afterwards

private:
    struct State;
    std::unique_ptr<State> m_state;
};

std::string sha256Hex(std::string_view data);

/// Reads the whole file in blocks of 1 MiB. Throws StorageFailure when it cannot be read, Cancelled when asked to stop.
std::string sha256HexOfFile(const std::filesystem::path& path, std::stop_token stop = {},
                            const std::function<void(uint64_t doneBytes)>& progress = {});

} // namespace sy
