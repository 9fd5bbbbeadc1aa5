// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/chat_template.h"

#include "engine/tokenizer/jinja/parser.h"
#include "engine/tokenizer/jinja/renderer.h"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace sy::tokenizer {

TemplateError::TemplateError(std::string message_, int line_, bool wasRaised_)
    : Unsupported("this conversation", message_), message(std::move(message_)), line(line_), wasRaised(wasRaised_)
{
}

struct ChatTemplate::Tree {
    jinja::Block block;
};

ChatTemplate ChatTemplate::parse(std::string_view text, std::string source)
{
    return ChatTemplate(std::make_unique<const Tree>(Tree{jinja::parse(text, source)}));
}

ChatTemplate::ChatTemplate(std::unique_ptr<const Tree> tree) : m_tree(std::move(tree)) {}
ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::render(const nlohmann::ordered_json& variables, const TemplateOptions& options) const
{
    if (!variables.is_object())
        throw std::invalid_argument("a template's variables must be an object");
    return jinja::Renderer(options).render(m_tree->block, variables);
}

} // namespace sy::tokenizer
