// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"

namespace sy::app {

namespace {

constexpr CommandRow kCommands[] = {
    {"info", "Show what a model file says about itself and the memory it needs", declareInfo},
    {"models", "List, import, fetch, verify and remove models", declareModels},
    {"tokenize", "Turn text into a model's tokens, or tokens into text", declareTokenize},
    {"template", "Render a chat template", declareTemplate},
    {"logits", "Write the scores of every position of a token sequence", declareLogits},
    {"embed", "Turn texts into vectors", declareEmbed},
    {"perplexity", "Measure how well a model predicts a text", declarePerplexity},
    {"quantize", "Write a model as a smaller GGUF file", declareQuantize},
    {"finetune", "Train an adapter for a model on your own examples", declareFineTune},
    {"runs", "List, show, export and remove fine-tuning runs", declareRuns},
    {"adapters", "List, import and export adapters", declareAdapters},
    {"chat", "Talk with a model", declareChat},
    {"ingest", "Index documents into a collection", declareIngest},
    {"documents", "List or remove the documents of a collection", declareDocuments},
    {"extract", "Show the text that indexing sees in a file", declareExtract},
    {"search", "Find passages in a collection", declareSearch},
    {"ask", "Answer a question from a collection, with citations", declareAsk},
    {"trace", "Record where each token's time went and which experts it was routed to", declareTrace},
    {"bench", "Measure the speed of a model on this machine", declareBench},
    {"doctor", "Check the machine, the installation and the models", declareDoctor},
};

} // namespace

std::span<const CommandRow> commandTable()
{
    return kCommands;
}

} // namespace sy::app
