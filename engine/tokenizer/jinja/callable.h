// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/jinja/value.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sy::tokenizer::jinja {

class Renderer;
struct Macro;
struct Scope;
struct LoopState;

/// Evaluated arguments. Functions take what they know by position or name and ignore the rest.
struct CallValues {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;

    const Value* find(size_t position, std::string_view name) const // null when not given
    {
        if (position < positional.size())
            return &positional[position];
        return findNamed(name);
    }
    const Value* findNamed(std::string_view name) const
    {
        for (const auto& [key, value] : named)
            if (key == name)
                return &value;
        return nullptr;
    }
};

using Function = Value (*)(Renderer&, CallValues&);

/// Whatever can be called: only the fields of its kind are set.
struct Callable {
    enum class Kind : uint8_t { macro, function, method, loop, cycler, joiner };
    Kind kind;
    std::string name;
    const Macro* macro = nullptr;
    Scope* scope = nullptr; // where the macro was defined
    Function function = nullptr;
    Value self;                // method
    LoopState* loop = nullptr; // loop.index and so on; callable when recursive
    std::vector<Value> items;  // cycler
    size_t position = 0;       // cycler, joiner
};

} // namespace sy::tokenizer::jinja
