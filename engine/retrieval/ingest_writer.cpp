// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/ingest_writer.h"

#include <cstring>
#include <unordered_map>

namespace sy::retrieval {

void IngestWriter::reuseVectors(PreparedDocument& document, int dim)
{
    if (document.chunks.empty())
        return;
    std::unordered_map<std::string, std::vector<float>> old; // by what the lexical index holds: header and text
    store::Statement query(m_database, "SELECT c.header, c.text, e.vector FROM chunks c JOIN embeddings e ON e.chunk = c.id WHERE c.document = ?");
    query.bind(1, document.row.id);
    while (query.step()) {
        const auto blob = query.blob(2);
        if (blob.size() != size_t(dim) * sizeof(float))
            continue;
        std::vector<float> vector(static_cast<size_t>(dim));
        std::memcpy(vector.data(), blob.data(), blob.size());
        old.emplace(query.text(0) + "\n" + query.text(1), std::move(vector));
    }
    if (old.empty())
        return;
    for (size_t i = 0; i < document.chunks.size(); ++i) {
        const auto found = old.find(lexicalHeader(document.row.title, document.chunks[i].headingPath) + "\n" + document.chunks[i].text);
        if (found != old.end())
            document.vectors[i] = found->second;
    }
}

void IngestWriter::write(std::span<const PreparedDocument> documents)
{
    store::Transaction transaction(m_database);
    for (const PreparedDocument& document : documents)
        writeOne(document);
    transaction.commit();
}

void IngestWriter::writeOne(const PreparedDocument& document)
{
    const DocumentRow& row = document.row;
    store::Statement(m_database, "UPDATE documents SET title = ?, sha256 = ?, status = ?, message = ?, nPages = ?, nChunks = ? WHERE id = ?")
        .run(row.title, row.sha256, toString(row.status), row.message, row.nPages, row.nChunks, row.id);
    if (document.isUnchanged || m_database.changes() == 0) // removed by somebody while it was being read
        return;
    store::Statement(m_database, "DELETE FROM chunks WHERE document = ?").run(row.id);
    store::Statement insert(m_database, "INSERT INTO chunks(document, page, endPage, start, end, pageBreak, nOverlap, section, header, text) "
                                        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    store::Statement embed(m_database, "INSERT INTO embeddings(chunk, vector) VALUES(?, ?)");
    for (size_t i = 0; i < document.chunks.size(); ++i) {
        const documents::Chunk& chunk = document.chunks[i];
        insert.run(row.id, chunk.page, chunk.endPage, chunk.start, chunk.end, chunk.pageBreak, chunk.nOverlap, sectionName(chunk.headingPath),
                   lexicalHeader(row.title, chunk.headingPath), chunk.text);
        if (!document.vectors[i].empty())
            embed.run(m_database.lastInsertId(), std::as_bytes(std::span(document.vectors[i])));
    }
}

} // namespace sy::retrieval
