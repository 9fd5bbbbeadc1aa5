// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/dtype.h"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

namespace sy {

struct Device {
    enum class Kind : uint8_t { cpu, cuda };
    Kind kind = Kind::cpu;
    int index = 0;
    bool operator==(const Device&) const = default;
};
std::string toString(Device device); // "cpu", "cuda:0"

/// Sizes outermost first, at most four. An empty shape has no elements.
class Shape {
public:
    Shape() = default;
    Shape(std::initializer_list<int64_t> dims); // throws std::invalid_argument on more than 4 or a negative size
    explicit Shape(std::span<const int64_t> dims);
    int rank() const { return m_rank; }
    int64_t operator[](int i) const { return m_dims[i]; }
    int64_t count() const; // product of all sizes; 0 for the empty shape
    int64_t back() const { return m_rank ? m_dims[m_rank - 1] : 0; }
    bool operator==(const Shape&) const = default;

private:
    std::array<int64_t, 4> m_dims{};
    int m_rank = 0;
};
std::string toString(const Shape& shape); // "(512, 1536)"

/// How the rows of a weight lie in memory.
enum class Layout : uint8_t {
    rows,  // one after another, as files have them
    tiles, // 16 rows interleaved for the matrix products (engine/ops/matmul/tile.h); only those can read it
};

/// Shape, element type, device and shared storage; row-major, innermost dimension contiguous. Copying shares the storage.
/// Weights are views into a mapped file (wrap); activations come from a pool of reused host buffers (empty), 64-byte aligned.
class Tensor {
public:
    Tensor() = default;

    /// Uninitialized memory for a plain type: F32, F16, BF16, F64, I8, I16, I32, I64. Throws OutOfMemory; std::invalid_argument
    /// for a block type.
    static Tensor empty(Shape shape, DType dtype = DType::F32);
    static Tensor zeros(Shape shape, DType dtype = DType::F32);
    static Tensor of(std::span<const float> values, Shape shape); // copies; throws when the counts differ

    /// A view of foreign memory. `bytes` is the whole payload, as the type's block layout gives it; the caller has checked it.
    /// `owner` keeps the memory alive. Wrapped memory is never written.
    static Tensor wrap(const void* data, size_t bytes, Shape shape, DType dtype, std::shared_ptr<const void> owner,
                       Layout layout = Layout::rows);

    bool isEmpty() const { return m_data == nullptr; }
    explicit operator bool() const { return m_data != nullptr; }
    const Shape& shape() const { return m_shape; }
    DType dtype() const { return m_dtype; }
    Device device() const { return m_device; }
    Layout layout() const { return m_layout; }
    size_t bytes() const { return m_bytes; }
    int64_t count() const { return m_shape.count(); }
    int64_t cols() const { return m_shape.back(); }                         // innermost size
    int64_t rows() const { return cols() ? m_shape.count() / cols() : 0; } // product of the others
    size_t rowBytes() const { return rows() ? m_bytes / rows() : 0; }

    const std::byte* raw() const { return m_data; }
    std::byte* raw() { return m_data; }
    template <typename T>
    const T* data() const
    {
        return reinterpret_cast<const T*>(m_data);
    }
    template <typename T>
    T* data()
    {
        return reinterpret_cast<T*>(m_data);
    }
    float* f32()
    {
        assert(m_dtype == DType::F32);
        return data<float>();
    }
    const float* f32() const
    {
        assert(m_dtype == DType::F32);
        return data<float>();
    }
    std::span<const float> values() const { return {f32(), size_t(count())}; }

    /// Rows first … first+n-1 of the view (rows(), cols()); shares storage. Works on block types too: whole rows only;
    /// in Layout::tiles whole tiles only. Throws std::invalid_argument otherwise.
    Tensor rowRange(int64_t first, int64_t n) const;
    Tensor reshaped(Shape shape) const; // same count, same storage; throws std::invalid_argument otherwise

private:
    Shape m_shape;
    DType m_dtype = DType::F32;
    Device m_device;
    Layout m_layout = Layout::rows;
    std::byte* m_data = nullptr;
    size_t m_bytes = 0;
    std::shared_ptr<const void> m_owner;
};

/// Bytes of one element of a plain type; 0 for block types.
size_t plainTypeBytes(DType dtype);

} // namespace sy
