// SPDX-License-Identifier: GPL-3.0-or-later
// What the implementation files of engine/api share. Nothing outside this folder includes it.
#pragma once

#include "engine/api/documents.h"
#include "engine/api/engine.h"
#include "engine/api/model_weights.h"
#include "engine/api/run_folder.h"
#include "engine/api/saved_contexts.h"
#include "engine/cpu/thread_pool.h"
#include "engine/generate/step_lock.h"
#include "engine/store/chat_store.h"
#include "engine/store/collection_store.h"
#include "engine/store/model_store.h"
#include "engine/train/expert_choice.h"

#include <memory>
#include <mutex>
#include <string>

namespace sy::api {

/// The processor and the weights in memory, shared by all loaded models. A loaded model keeps it alive, so that it may
/// outlive the engine that made it.
struct Processor {
    explicit Processor(int nThreads) : pool(nThreads) {}
    cpu::ThreadPool pool;
    generate::StepLock stepLock;
    WeightStore weights;
};

/// What the experts of the model and data asked about last are used for.
struct KnownScores {
    std::timed_mutex mutex;
    std::string key; // of model, data and how they are looked at; empty: none
    train::ExpertScores scores;
};

struct Engine::State {
    EngineOptions options; // all resolved: dataDir, executable and resources are absolute, nThreads is positive
    std::shared_ptr<Processor> processor;

    store::ChatStore chatStore;
    store::CollectionStore collectionStore;
    store::ModelStore modelStore;
    std::unique_ptr<SavedContexts> contexts;
    std::unique_ptr<Trash> runTrash, adapterTrash;
    KnownScores expertScores;

    // In order of use, so that each is gone before what it uses.
    std::unique_ptr<ModelLibrary> library;
    std::unique_ptr<ModelHost> models;
    std::unique_ptr<Chats> chats;
    std::unique_ptr<Documents> documents;
};

} // namespace sy::api
