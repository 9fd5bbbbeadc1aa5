// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/wheel.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/formats/new_file.h"

#include <memory>
#include <vector>
#include <zip.h>

namespace sy::formats {

namespace {

constexpr size_t kPieceBytes = size_t(1) << 20;

struct ArchiveDeleter {
    void operator()(zip_t* archive) const noexcept { zip_discard(archive); } // nothing was changed, so nothing is written
};
struct MemberDeleter {
    void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, ArchiveDeleter>;
using Member = std::unique_ptr<zip_file_t, MemberDeleter>;

// The one place that turns libzip's errors into ours. The text is kept in the error and freed by its owner.
[[noreturn]] void fail(const WheelMember& member, zip_error_t* error)
{
    const std::string path = member.wheel.string();
    const std::string detail = zip_error_strerror(error);
    switch (zip_error_code_zip(error)) {
    case ZIP_ER_NOENT:
    case ZIP_ER_OPEN:
    case ZIP_ER_READ:
    case ZIP_ER_SEEK:
    case ZIP_ER_TELL:
    case ZIP_ER_CLOSE: throw StorageFailure(path, "reading the package", detail);
    case ZIP_ER_ENCRNOTSUPP:
    case ZIP_ER_NOPASSWD:
    case ZIP_ER_WRONGPASSWD:
    case ZIP_ER_COMPNOTSUPP:
    case ZIP_ER_OPNOTSUPP: throw Unsupported(path + ", member " + member.member, detail);
    case ZIP_ER_MEMORY: throw std::bad_alloc();
    default: throw BadFile(path, "the package, or " + member.member + " in it, is damaged: " + detail);
    }
}

Archive openArchive(const WheelMember& member)
{
    int code = 0;
    Archive archive(zip_open(member.wheel.c_str(), ZIP_RDONLY, &code));
    if (archive)
        return archive;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::unique_ptr<zip_error_t, void (*)(zip_error_t*)> owned(&error, zip_error_fini);
    fail(member, &error);
}

} // namespace

void readMember(const WheelMember& member, uint64_t mostBytes, const std::function<void(std::span<const std::byte>)>& sink,
                std::stop_token stop)
{
    const Archive archive = openArchive(member);
    const zip_int64_t index = zip_name_locate(archive.get(), member.member.c_str(), ZIP_FL_ENC_RAW);
    if (index < 0)
        throw BadFile(member.wheel.string(), "the package has no member " + member.member);
    const Member file(zip_fopen_index(archive.get(), zip_uint64_t(index), 0));
    if (!file)
        fail(member, zip_get_error(archive.get()));

    std::vector<std::byte> piece(kPieceBytes);
    uint64_t done = 0;
    for (;;) {
        if (stop.stop_requested())
            throw Cancelled();
        const zip_int64_t n = zip_fread(file.get(), piece.data(), piece.size());
        if (n < 0)
            fail(member, zip_file_get_error(file.get()));
        if (n == 0)
            return;
        done += uint64_t(n);
        if (done > mostBytes)
            throw BadFile(member.wheel.string(), member.member + " unpacks to more than the " + std::to_string(mostBytes) +
                                                     " bytes it should have");
        sink(std::span(piece).first(size_t(n)));
    }
}

std::string assembleMembers(std::span<const WheelMember> members, const std::filesystem::path& target, const ExpectedFile& expected,
                            std::stop_token stop, const std::function<void(uint64_t)>& progress)
{
    NewFile out(target);
    Sha256 hash;
    for (const WheelMember& member : members) {
        const auto write = [&](std::span<const std::byte> bytes) {
            out.write(bytes);
            hash.add(bytes);
            if (progress)
                progress(out.written());
        };
        readMember(member, expected.bytes - out.written(), write, stop);
    }
    if (out.written() != expected.bytes)
        throw BadFile(target.string(), "the packages give " + std::to_string(out.written()) + " bytes, where " +
                                           std::to_string(expected.bytes) + " are expected");
    const std::string digest = hash.hex();
    if (!expected.sha256.empty() && digest != expected.sha256)
        throw BadFile(target.string(), "the packages give a file with SHA-256 " + digest + ", where " + expected.sha256 +
                                           " is expected");
    out.commit();
    return digest;
}

} // namespace sy::formats
