// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/fts_tokenizer.h"

#include "engine/core/error.h"
#include "engine/store/terms.h"

#include <sqlite3.h>

#include <new>

namespace sy::store {

namespace {

int createTokenizer(void*, const char**, int, Fts5Tokenizer** out)
{
    // The tokenizer has no state; FTS5 only wants a pointer of ours that is not null.
    static char instance;
    *out = reinterpret_cast<Fts5Tokenizer*>(&instance);
    return SQLITE_OK;
}

void deleteTokenizer(Fts5Tokenizer*) {}

int tokenize(Fts5Tokenizer*, void* context, int flags, const char* text, int nBytes,
             int (*onToken)(void*, int, const char*, int, int, int))
{
    const TermMode mode = flags & FTS5_TOKENIZE_QUERY ? TermMode::query : TermMode::document;
    int result = SQLITE_OK;
    try {
        forEachTerm({text ? text : "", size_t(nBytes)}, mode, [&](const Term& term) {
            if (result == SQLITE_OK)
                result = onToken(context, term.isColocated ? FTS5_TOKEN_COLOCATED : 0, term.text.data(), int(term.text.size()),
                                 int(term.start), int(term.end));
        });
    } catch (const std::bad_alloc&) {
        result = SQLITE_NOMEM; // no exception may cross SQLite's C frames
    }
    return result;
}

fts5_api* ftsApi(Database& database)
{
    fts5_api* api = nullptr;
    sqlite3_stmt* statement = nullptr;
    database.check(sqlite3_prepare_v2(database.handle(), "SELECT fts5(?1)", -1, &statement, nullptr), "looking for full-text search");
    sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
    sqlite3_finalize(statement);
    return api;
}

} // namespace

void registerTokenizer(Database& database)
{
    fts5_api* api = ftsApi(database);
    if (!api)
        throw Unsupported("full-text search", "this SQLite library was built without FTS5");
    fts5_tokenizer tokenizer{createTokenizer, deleteTokenizer, tokenize};
    database.check(api->xCreateTokenizer(api, "switchyard", nullptr, &tokenizer, nullptr), "registering the tokenizer");
}

std::string quotedForMatch(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '\0')
            continue; // FTS5 would end the expression here
        if (c == '"')
            out += '"';
        out += c;
    }
    return out += '"';
}

} // namespace sy::store
