// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/safetensors_model.h"

#include "engine/core/error.h"
#include "engine/formats/mapped_file.h"
#include "engine/formats/safetensors/family.h"
#include "engine/formats/safetensors/model_card.h"
#include "engine/formats/safetensors/sentence_files.h"
#include "engine/quant/quant_table.h"
#include "engine/quant/recipe_table.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <sys/mman.h>
#include <thread>

namespace sy::formats {

namespace fs = std::filesystem;

namespace {

constexpr size_t kOutlineBytes = 64 << 10; // tensors of at most so many bytes are made for an outline as well

/// The name people know a folder by: a snapshot in the hub's cache (models--OWNER--NAME/snapshots/HASH) is called after its model.
std::string nameOf(const fs::path& folder)
{
    const fs::path whole = fs::absolute(folder).lexically_normal();
    const fs::path last = whole.has_filename() ? whole : whole.parent_path();
    const std::string cached = last.parent_path().parent_path().filename().string();
    if (last.parent_path().filename() == "snapshots" && cached.starts_with("models--"))
        return cached.substr(cached.rfind("--") + 2);
    return last.filename().string();
}

StoredRows::Block scaleBlockOf(const FolderConfig& config)
{
    const auto quantization = config.object("quantization_config");
    if (!quantization)
        return {};
    const std::string method = quantization->string("quant_method", "");
    if (method == "mxfp4")
        return {};
    if (method != "fp8")
        throw Unsupported("weights quantized by \"" + method + "\"", "this version reads floats, FP8 with block scales and gpt-oss's MXFP4");
    const std::vector<int64_t> block = quantization->integers("weight_block_size");
    if (block.size() != 2 || block[0] < 1 || block[1] < 1)
        throw Unsupported("FP8 weights without weight_block_size", "this version reads FP8 with a scale for each block");
    return {block[0], block[1]};
}

std::shared_ptr<std::byte> allocate(size_t bytes)
{
    constexpr size_t kAlignment = 64;
    auto* p = static_cast<std::byte*>(std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment));
    if (!p)
        throw OutOfMemory("cpu", bytes, 0);
    return {p, [](std::byte* q) { std::free(q); }};
}

/// Zeros that take address space and no memory.
std::shared_ptr<const void> zeros(size_t bytes)
{
    void* p = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        throw OutOfMemory("cpu", bytes, 0);
    return {p, [bytes](const void* q) { ::munmap(const_cast<void*>(q), bytes); }};
}

int64_t rowsOf(const Shape& shape)
{
    return shape.count() / shape.back();
}

/// Calls work(first, n) for pieces of all rows on several threads. A piece is one matrix of several, or some rows of one.
void inPieces(const Shape& shape, int nThreads, const std::stop_token& stop, const std::function<void(int64_t first, int64_t n)>& work)
{
    constexpr int64_t kPieceValues = 1 << 20;
    const int64_t nRows = rowsOf(shape);
    const int64_t pieceRows = shape.rank() > 2 ? shape[shape.rank() - 2] : std::clamp<int64_t>(kPieceValues / shape.back(), 1, nRows);
    const int64_t nPieces = (nRows + pieceRows - 1) / pieceRows;
    std::atomic<int64_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failure;
    const auto loop = [&] {
        try {
            for (int64_t piece = next++; piece < nPieces; piece = next++) {
                if (stop.stop_requested())
                    throw Cancelled();
                work(piece * pieceRows, std::min(pieceRows, nRows - piece * pieceRows));
            }
        } catch (...) {
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
            next = nPieces;
        }
    };
    {
        std::vector<std::jthread> others;
        for (int64_t i = 1; i < std::min<int64_t>(nThreads, nPieces); ++i)
            others.emplace_back(loop);
        loop();
    }
    if (failure)
        std::rethrow_exception(failure);
}

} // namespace

SafetensorsModel::SafetensorsModel(std::shared_ptr<const SafetensorsFolder> folder, OpenOptions options)
    : m_folder(std::move(folder)), m_options(std::move(options)), m_keys(m_folder->path().string())
{
}

std::shared_ptr<const SafetensorsModel> SafetensorsModel::open(const fs::path& path, const OpenOptions& options)
{
    const FolderConfig config = FolderConfig::open(path / "config.json");
    const std::string modelType = config.string("model_type");
    const Family* family = findFamily(modelType);
    if (!family) {
        std::string known;
        for (const Family& row : families())
            known.append(known.empty() ? "" : ", ").append(row.modelType);
        throw Unsupported("the model type \"" + modelType + "\"", "this version reads folders of " + known);
    }
    const StoredRows::Block scaleBlock = scaleBlockOf(config);
    auto folder = std::make_shared<const SafetensorsFolder>(SafetensorsFolder::open(path));
    TensorPlan plan(folder, scaleBlock);
    const std::shared_ptr<SafetensorsModel> model(new SafetensorsModel(folder, options));
    model->m_keys.setString("general.architecture", family->architecture);
    model->m_keys.setString("general.name", nameOf(path));
    if (const std::string license = licenseOf(path); !license.empty())
        model->m_keys.setString("general.license", license);
    FamilyInput input{config, std::string(family->architecture), model->m_keys, plan};
    family->map(input);
    addPooling(path, input);
    if (const StoredTensor* tensor = plan.unused())
        folder->bad(*tensor, "is unknown: a model of type " + modelType + " has none of this name");
    model->m_planned = plan.release();
    model->m_paths = folder->paths();
    model->m_paths.push_back(path / "config.json");
    model->buildIndex();
    return model;
}

void SafetensorsModel::buildIndex()
{
    const quant::Recipe* recipe = nullptr;
    if (!m_options.quantization.empty()) {
        recipe = quant::findRecipe(m_options.quantization);
        if (!recipe)
            throw std::invalid_argument("there is no quantization \"" + m_options.quantization + "\"");
    }
    quant::ModelTraits traits;
    const std::string architecture(m_keys.requireString("general.architecture"));
    traits.nLayers = int(m_keys.integer(architecture + ".block_count").value_or(0));
    traits.nExperts = int(m_keys.integer(architecture + ".expert_count").value_or(0));
    traits.hasHead = std::ranges::any_of(m_planned, [](const PlannedTensor& t) { return t.name == "output.weight"; });
    for (const PlannedTensor& tensor : m_planned) {
        TensorInfo info;
        info.name = tensor.name;
        info.shape = tensor.shape;
        info.dtype = tensor.isScaled && !m_options.isExact ? DType::BF16 : tensor.dtype;
        if (recipe)
            info.dtype = quant::typeFor(*recipe, tensor.name, tensor.shape, tensor.dtype, traits);
        info.bytes = uint64_t(rowsOf(info.shape) * quant::rowBytes(info.dtype, info.shape.back()));
        m_infos.push_back(std::move(info));
    }
    for (size_t i = 0; i < m_infos.size(); ++i)
        if (!m_index.emplace(m_infos[i].name, i).second)
            throw BadFile(m_keys.source(), "tensor " + m_infos[i].name + " comes out twice");
}

size_t SafetensorsModel::require(std::string_view name) const
{
    const auto it = m_index.find(name);
    if (it == m_index.end())
        throw BadFile(m_keys.source(), "tensor " + std::string(name) + " is missing");
    return it->second;
}

Tensor SafetensorsModel::get(std::string_view name) const
{
    const size_t i = require(name);
    const PlannedTensor& tensor = m_planned[i];
    const TensorInfo& info = m_infos[i];
    if (!tensor.view || info.dtype != tensor.dtype)
        return build(tensor, info);
    const auto bytes = m_folder->bytesOf(*tensor.view);
    const bool isAligned = reinterpret_cast<uintptr_t>(bytes.data()) % plainTypeBytes(info.dtype) == 0;
    return isAligned ? Tensor::wrap(bytes.data(), bytes.size(), info.shape, info.dtype, m_folder->fileOf(*tensor.view).owner())
                     : build(tensor, info);
}

Tensor SafetensorsModel::build(const PlannedTensor& tensor, const TensorInfo& info) const
{
    const auto memory = allocate(info.bytes);
    const int64_t nCols = info.shape.back();
    const int64_t ownBytes = quant::rowBytes(tensor.dtype, nCols), rowBytes = quant::rowBytes(info.dtype, nCols);
    inPieces(info.shape, m_options.nThreads, m_options.stop, [&](int64_t first, int64_t n) {
        std::byte* out = memory.get() + first * rowBytes;
        const auto write = [&](std::byte* to) {
            if (tensor.view)
                std::copy_n(m_folder->bytesOf(*tensor.view).data() + first * ownBytes, n * ownBytes, to);
            else
                tensor.write(first, n, to);
        };
        if (info.dtype == tensor.dtype) {
            write(out);
            return;
        }
        std::vector<std::byte> exact(static_cast<size_t>(n * ownBytes));
        write(exact.data());
        std::vector<float> row(static_cast<size_t>(nCols));
        for (int64_t i = 0; i < n; ++i) {
            quant::unpackRow(tensor.dtype, exact.data() + i * ownBytes, row.data(), nCols);
            quant::packRow(info.dtype, row.data(), out + i * rowBytes, nCols);
        }
    });
    return Tensor::wrap(memory.get(), info.bytes, info.shape, info.dtype, memory);
}

Tensor SafetensorsModel::Outline::get(std::string_view name) const
{
    const TensorInfo& info = m_model.m_infos[m_model.require(name)];
    const PlannedTensor& tensor = m_model.m_planned[m_model.require(name)];
    const bool isView = tensor.view && info.dtype == tensor.dtype;
    if (isView || info.bytes <= kOutlineBytes)
        return m_model.get(name);
    const auto memory = zeros(info.bytes);
    return Tensor::wrap(memory.get(), info.bytes, info.shape, info.dtype, memory);
}

void SafetensorsModel::prefetch() const noexcept
{
    for (const SafetensorsFile& file : m_folder->files())
        if (file.mapped())
            file.mapped()->willNeed(0, file.mapped()->bytes().size());
}

void SafetensorsModel::notNeeded(std::span<const std::byte> bytes) const noexcept
{
    for (const SafetensorsFile& file : m_folder->files())
        if (file.mapped())
            file.mapped()->notNeeded(bytes);
}

bool SafetensorsModel::isInPages(const Tensor& tensor) const noexcept
{
    return std::ranges::any_of(m_folder->files(), [&](const SafetensorsFile& file) {
        return file.mapped() && file.mapped()->holds({tensor.raw(), tensor.bytes()});
    });
}

} // namespace sy::formats
