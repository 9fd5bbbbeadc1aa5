// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/sha256.h"

#include "engine/core/error.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <openssl/evp.h>
#include <vector>

namespace sy {

namespace {
struct ContextDeleter {
    void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
};
struct FileCloser {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
};
} // namespace

struct Sha256::State {
    std::unique_ptr<EVP_MD_CTX, ContextDeleter> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : m_state(std::make_unique<State>())
{
    if (!m_state->context || EVP_DigestInit_ex(m_state->context.get(), EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::span<const std::byte> data)
{
    EVP_DigestUpdate(m_state->context.get(), data.data(), data.size());
}

std::string Sha256::hex()
{
    unsigned char digest[32];
    EVP_DigestFinal_ex(m_state->context.get(), digest, nullptr);
    std::string out;
    for (const unsigned char c : digest) {
        out += "0123456789abcdef"[c >> 4];
        out += "0123456789abcdef"[c & 15];
    }
    return out;
}

std::string sha256Hex(std::string_view data)
{
    Sha256 hash;
    hash.add(std::as_bytes(std::span(data.data(), data.size())));
    return hash.hex();
}

std::string sha256HexOfFile(const std::filesystem::path& path, std::stop_token stop,
                            const std::function<void(uint64_t)>& progress)
{
    const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "rb"));
    if (!file)
        throw StorageFailure(path.string(), "opening the file", std::strerror(errno));
    Sha256 hash;
    std::vector<std::byte> block(1 << 20);
    uint64_t done = 0;
    while (const size_t n = std::fread(block.data(), 1, block.size(), file.get())) {
        if (stop.stop_requested())
            throw Cancelled();
        hash.add(std::span(block.data(), n));
        done += n;
        if (progress)
            progress(done);
    }
    if (std::ferror(file.get()))
        throw StorageFailure(path.string(), "reading the file", std::strerror(errno));
    return hash.hex();
}

} // namespace sy
