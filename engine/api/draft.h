// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api: a loaded model that guesses ahead for another.
#pragma once

#include "engine/api/loaded_model.h"

namespace sy::api {

/// How the draft of a model that is loaded with these options is loaded itself.
LoadOptions draftOptions(const LoadOptions& options);

/// What counts of a model that guesses, or is guessed for.
struct DraftSide {
    std::string name; // of its file
    const models::Model& model;
    const tokenizer::Tokenizer* tokenizer; // null: it has none
};

/// Why one cannot guess for the other, as requireDraft() says it; empty when it can.
std::string draftProblem(const DraftSide& model, const DraftSide& draft);

/// Throws Unsupported, naming both models and what stands between them: an embedding model, windows or a state that take no
/// guess back, other vocabularies. Vocabularies agree when every id that both have is the same text; one may end with some
/// more, since sizes of one family are padded differently. Returns the number of ids that both have.
int64_t requireDraft(const LoadedModel::State& model, LoadedModel& draft);

/// For the scheduler of `model`, whose context length is resolved; nShared: as requireDraft() says. draft must outlive it.
std::unique_ptr<generate::DraftModel> makeDraft(const LoadedModel::State& model, LoadedModel& draft, int64_t nShared);

} // namespace sy::api
