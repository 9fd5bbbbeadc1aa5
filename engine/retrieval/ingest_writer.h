// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/prepared_document.h"
#include "engine/store/database.h"

#include <span>

namespace sy::retrieval {

/// Writes prepared documents into a collection's tables.
class IngestWriter {
public:
    explicit IngestWriter(store::Database& database) : m_database(database) {}

    /// Takes the vectors of chunks whose text is what it was when the document was indexed before: after an edit in a long
    /// document only what changed is embedded.
    void reuseVectors(PreparedDocument& document, int dim);

    /// Replaces what the index holds of these documents, all in one transaction. Chunks without a vector get none.
    void write(std::span<const PreparedDocument> documents);

private:
    void writeOne(const PreparedDocument& document);
    store::Database& m_database;
};

} // namespace sy::retrieval
