// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/model_file.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

namespace sy::formats {

/// A model file's float tensors as F32 in memory that may be changed: a model loaded from it shares that memory, so what is
/// trained in place is what the model computes with. Each tensor is made when it is first asked for, a matrix without its
/// values: memory that nothing was written to is none yet, so a model can be looked at that would not fit. Integers stay as
/// they are.
class FloatTensors : public TensorSource {
public:
    explicit FloatTensors(std::shared_ptr<const ModelFile> file) : m_file(std::move(file)) {}

    bool has(std::string_view name) const override { return m_file->has(name); }
    /// Throws Unsupported for a tensor of a block type, whose values no small step would move.
    Tensor get(std::string_view name) const override;
    /// Reads the values of the matrices that were asked for; those asked for later have theirs at once. Throws Cancelled.
    void read(const std::stop_token& stop = {});
    const Metadata& metadata() const override { return m_file->metadata(); }
    bool isShared() const override { return true; }

    const ModelFile& file() const { return *m_file; }

private:
    void fill(const Tensor& stored, Tensor& made) const;

    std::shared_ptr<const ModelFile> m_file;
    bool m_hasMatrices = false; // their values
    mutable std::mutex m_mutex;
    mutable std::map<std::string, Tensor, std::less<>> m_made;
};

/// Writes the file's model with the values as they are now, each tensor in its type of the file. `writeKeys` fills the
/// metadata. Throws StorageFailure.
void writeModel(const std::filesystem::path& path, const FloatTensors& values,
                const std::function<void(Metadata&)>& writeKeys);

} // namespace sy::formats
