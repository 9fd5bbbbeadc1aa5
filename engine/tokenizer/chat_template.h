// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/error.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sy::tokenizer {

/// The template could not render these inputs: it raised an exception of its own ("System role not supported"), used a value in a way
/// that its type does not allow, or ran into a limit. An Unsupported whose `thing` is the conversation; `message` is the template's
/// own sentence, which the command line prints as it is.
class TemplateError : public Unsupported {
public:
    explicit TemplateError(std::string message, int line = 0, bool wasRaised = false);
    std::string message;
    int line;       // of the template, from 1; 0: unknown
    bool wasRaised; // by the template itself, with raise_exception
};

/// What a template may cost. Templates come inside model files, from strangers.
struct TemplateLimits {
    size_t outputBytes = 64 << 20;
    size_t memoryBytes = size_t(1) << 30; // of everything made while rendering, whether still alive or not
    int64_t steps = 20'000'000;           // expressions and statements evaluated
    int depth = 600;                      // nested evaluations, macros and recursive loops included
    std::chrono::milliseconds time{10'000};
};

struct TemplateOptions {
    std::string bos;                                 // bos_token
    std::string eos;                                 // eos_token
    std::optional<std::chrono::local_seconds> now;   // what strftime_now sees; absent: the local time
    TemplateLimits limits;
};

/// A chat template in Jinja, the way Hugging Face renders them: trim_blocks, lstrip_blocks, break and continue, {% generation %}, the
/// functions raise_exception and strftime_now, and a tojson that neither escapes HTML nor sorts keys. Macros, namespaces, call
/// blocks, recursive loops, filters, tests and Python's methods of strings, lists and dictionaries are there; template inheritance,
/// include and import are not. Immutable, any thread.
class ChatTemplate {
public:
    /// Throws BadFile, with `source` as its path and the line in its problem, for a syntax error.
    static ChatTemplate parse(std::string_view text, std::string source = "chat template");
    ~ChatTemplate();
    ChatTemplate(ChatTemplate&&) noexcept;
    ChatTemplate& operator=(ChatTemplate&&) noexcept;

    /// `variables`: an object such as {"messages": […], "tools": […], "add_generation_prompt": true}. bos_token and eos_token come from
    /// the options unless it has them. Throws TemplateError; std::invalid_argument when variables is no object.
    std::string render(const nlohmann::ordered_json& variables, const TemplateOptions& options = {}) const;

private:
    struct Tree;
    explicit ChatTemplate(std::unique_ptr<const Tree> tree);
    std::unique_ptr<const Tree> m_tree;
};

} // namespace sy::tokenizer
