// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/formats/safetensors/safetensors_folder.h"
#include "engine/formats/safetensors/stored_rows.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sy::formats {

/// A tensor under its GGUF name, and how its contents come out of the folder's tensors.
struct PlannedTensor {
    std::string name;
    Shape shape;
    DType dtype;                        // holds every value exactly
    bool isScaled = false;              // FP8 times a scale: what F32 holds beyond BF16 is the product's, not the model's
    const StoredTensor* view = nullptr; // whose bytes are the tensor's, unchanged; or:

    /// Writes rows first … first+n-1 of the view (rows, cols) as bytes of `dtype`. Rows of one matrix at a time. May run on several
    /// threads at once.
    std::function<void(int64_t first, int64_t n, std::byte* out)> write;
};

/// Collects what becomes of a folder's tensors. A family's file calls one function for each GGUF tensor; every function takes names
/// of stored tensors, adds one planned tensor and marks what it used. Scales that belong to a weight go with it.
/// All throw BadFile naming the tensor when it is missing or has a shape that does not fit, Unsupported for its type.
class TensorPlan {
public:
    TensorPlan(std::shared_ptr<const SafetensorsFolder> folder, StoredRows::Block scaleBlock);

    bool has(const std::string& stored) const { return m_folder->find(stored) != nullptr; }
    const StoredTensor& require(const std::string& stored) const { return m_folder->require(stored); }

    /// The tensor as it is; FP8 with its scales applied.
    void take(std::string name, const std::string& stored);
    void takeIfThere(std::string name, const std::string& stored);

    /// A projection's weight and, when it has one, bias: NAME.weight from STORED.weight, NAME.bias from STORED.bias.
    void takeLinear(const std::string& name, const std::string& stored);

    /// The same for queries or keys of nHeads heads whose RoPE pairs are (i, i + half) at the source and neighbours in GGUF: rows of a
    /// head 0, half, 1, half + 1, …
    void takeRotated(const std::string& name, const std::string& stored, int64_t nHeads);

    /// A norm's weight whose reader adds one to it: GGUF has that one added. F32.
    void takePlusOne(std::string name, const std::string& stored);

    /// Rows first … of the stored matrix to its end.
    void takeRowsFrom(std::string name, const std::string& stored, int64_t first);

    /// Matrices of one shape, one after another: (stored.size(), rows, cols).
    void takeStacked(std::string name, const std::vector<std::string>& stored);

    /// Of each matrix of (matrices, rows, cols), or of its bias (matrices, rows): n rows from `first`, each `step`-th.
    void takeRowsOfEach(std::string name, const std::string& stored, int64_t first, int64_t step, int64_t n);

    /// Of each matrix (matrices, in, out), turned round to (matrices, n, in): n columns from `first`, each `step`-th.
    void takeColumnsOfEach(std::string name, const std::string& stored, int64_t first, int64_t step, int64_t n);

    /// gpt-oss: STORED_blocks (matrices, rows, blocks, 16) with value 2i in the low and 2i+1 in the high nibble of byte i, and
    /// STORED_scales (matrices, rows, blocks). Becomes MXFP4 as GGUF has it, (matrices, n, 32 * blocks), without loss.
    void takeMxfp4RowsOfEach(std::string name, const std::string& stored, int64_t first, int64_t step, int64_t n);

    /// MLA's kv_b, rows [nope keys | values] for each head: the keys' part turned round, (heads, in, nope); the values', (heads, value, in).
    void takeLatentKeys(std::string name, const std::string& stored, int64_t nHeads, int64_t nopeDim, int64_t valueDim);
    void takeLatentValues(std::string name, const std::string& stored, int64_t nHeads, int64_t nopeDim, int64_t valueDim);

    /// Values that the config gives, not a tensor. F32.
    void add(std::string name, std::vector<float> values);

    /// Stored tensors that the model runs without.
    void ignore(const std::string& stored);
    void ignoreAll(const std::function<bool(const std::string& stored)>& isKnown);

    /// The first stored tensor that nothing has used; null when all are.
    const StoredTensor* unused() const;

    /// What has been planned, in order; the plan is empty afterwards.
    std::vector<PlannedTensor> release() { return std::move(m_tensors); }

private:
    StoredRows rowsOf(const std::string& stored);
    void addRows(std::string name, Shape shape, std::vector<StoredRows> sources,
                 std::function<std::pair<size_t, int64_t>(int64_t row)> sourceOf);
    void addColumns(std::string name, Shape shape, StoredRows source, int64_t firstRow, int64_t stepRows, int64_t firstCol, int64_t stepCols);
    void add(std::string name, Shape shape, DType dtype, std::function<void(int64_t, int64_t, std::byte*)> write, bool isScaled = false);
    [[noreturn]] void bad(const std::string& stored, const std::string& problem) const;

    std::shared_ptr<const SafetensorsFolder> m_folder;
    StoredRows::Block m_scaleBlock;
    std::vector<PlannedTensor> m_tensors;
    std::unordered_set<std::string> m_used;
};

} // namespace sy::formats
