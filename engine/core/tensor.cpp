// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/tensor.h"

#include "engine/core/error.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace sy {

namespace {

// Large activations come and go with every op. Handing them back to malloc means munmap and a page fault for each 4 KiB the
// next time; keeping freed buffers by size costs nothing and keeps the pages warm. Sizes are rounded up to a quarter of a
// power of two, so that ragged batches reuse each other's buffers.
class HostPool {
public:
    std::byte* take(size_t bytes)
    {
        const size_t size = roundUp(bytes);
        {
            const std::lock_guard lock(m_mutex);
            auto& free = m_free[size];
            if (!free.empty()) {
                std::byte* p = free.back();
                free.pop_back();
                m_keptBytes -= size;
                return p;
            }
        }
        auto* p = static_cast<std::byte*>(std::aligned_alloc(64, size));
        if (!p) {
            clear();
            p = static_cast<std::byte*>(std::aligned_alloc(64, size));
        }
        if (!p)
            throw OutOfMemory("cpu", bytes, 0);
        return p;
    }

    void give(std::byte* p, size_t bytes) noexcept
    {
        const size_t size = roundUp(bytes);
        const std::lock_guard lock(m_mutex);
        if (m_keptBytes + size > kMostKeptBytes) {
            std::free(p);
            return;
        }
        m_free[size].push_back(p);
        m_keptBytes += size;
    }

private:
    static constexpr size_t kMostKeptBytes = size_t(192) << 20;

    static size_t roundUp(size_t bytes)
    {
        size_t step = 64;
        while (step * 8 < bytes)
            step *= 2;
        return (bytes + step - 1) / step * step;
    }

    void clear()
    {
        const std::lock_guard lock(m_mutex);
        for (auto& [size, list] : m_free) {
            for (std::byte* p : list)
                std::free(p);
            list.clear();
        }
        m_keptBytes = 0;
    }

    std::mutex m_mutex;
    std::map<size_t, std::vector<std::byte*>> m_free;
    size_t m_keptBytes = 0;
};

HostPool& hostPool()
{
    // Never destroyed: tensors in objects with static lifetime may be released after main.
    static HostPool* pool = new HostPool;
    return *pool;
}

} // namespace

std::string toString(Device device)
{
    return device.kind == Device::Kind::cpu ? "cpu" : "cuda:" + std::to_string(device.index);
}

Shape::Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const int64_t> dims)
{
    if (dims.size() > m_dims.size())
        throw std::invalid_argument("a shape has at most four dimensions");
    for (const int64_t d : dims) {
        if (d < 0)
            throw std::invalid_argument("a shape has no negative size");
        m_dims[m_rank++] = d;
    }
}

int64_t Shape::count() const
{
    int64_t n = m_rank ? 1 : 0;
    for (int i = 0; i < m_rank; ++i)
        n *= m_dims[i];
    return n;
}

std::string toString(const Shape& shape)
{
    std::string out = "(";
    for (int i = 0; i < shape.rank(); ++i)
        out += (i ? ", " : "") + std::to_string(shape[i]);
    return out + ")";
}

size_t plainTypeBytes(DType dtype)
{
    switch (dtype) {
    case DType::F64:
    case DType::I64: return 8;
    case DType::F32:
    case DType::I32: return 4;
    case DType::F16:
    case DType::BF16:
    case DType::I16: return 2;
    case DType::I8: return 1;
    default: return 0;
    }
}

Tensor Tensor::empty(Shape shape, DType dtype)
{
    const size_t elementBytes = plainTypeBytes(dtype);
    if (elementBytes == 0)
        throw std::invalid_argument("Tensor::empty makes plain types only");
    Tensor t;
    t.m_shape = shape;
    t.m_dtype = dtype;
    t.m_bytes = size_t(shape.count()) * elementBytes;
    const size_t allocated = t.m_bytes ? t.m_bytes : 1;
    t.m_data = hostPool().take(allocated);
    t.m_owner = std::shared_ptr<const void>(t.m_data, [allocated](const void* p) {
        hostPool().give(static_cast<std::byte*>(const_cast<void*>(p)), allocated);
    });
    return t;
}

Tensor Tensor::zeros(Shape shape, DType dtype)
{
    Tensor t = empty(shape, dtype);
    std::memset(t.m_data, 0, t.m_bytes);
    return t;
}

Tensor Tensor::of(std::span<const float> values, Shape shape)
{
    if (int64_t(values.size()) != shape.count())
        throw std::invalid_argument("Tensor::of: " + std::to_string(values.size()) + " values for shape " + toString(shape));
    Tensor t = empty(shape);
    std::memcpy(t.m_data, values.data(), t.m_bytes);
    return t;
}

Tensor Tensor::wrap(const void* data, size_t bytes, Shape shape, DType dtype, std::shared_ptr<const void> owner, Layout layout)
{
    Tensor t;
    t.m_layout = layout;
    t.m_shape = shape;
    t.m_dtype = dtype;
    t.m_data = static_cast<std::byte*>(const_cast<void*>(data));
    t.m_bytes = bytes;
    t.m_owner = std::move(owner);
    return t;
}

Tensor Tensor::rowRange(int64_t first, int64_t n) const
{
    if (first < 0 || n < 0 || first + n > rows())
        throw std::invalid_argument("row range outside the tensor");
    if (m_layout == Layout::tiles && (first % 16 != 0 || (n % 16 != 0 && first + n != rows())))
        throw std::invalid_argument("row range cuts a tile");
    Tensor t = *this;
    t.m_shape = Shape{n, cols()};
    t.m_bytes = rowBytes() * size_t(n);
    t.m_data = m_data + rowBytes() * size_t(first);
    return t;
}

Tensor Tensor::reshaped(Shape shape) const
{
    if (shape.count() != count())
        throw std::invalid_argument("cannot reshape " + toString(m_shape) + " to " + toString(shape));
    Tensor t = *this;
    t.m_shape = shape;
    return t;
}

} // namespace sy
