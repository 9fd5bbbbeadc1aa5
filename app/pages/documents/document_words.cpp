// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/documents/document_words.h"

#include "app/messages/engine_words.h"
#include "app/messages/user_message.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QLocale>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(DocumentWords)
public:
    static StatusWords status(const api::DocumentRow& row);
    static QString facts(const api::CollectionSummary& collection);
    static QString progress(const api::IngestProgress& p);
};

StatusWords Words::status(const api::DocumentRow& row)
{
    using widgets::IconTone;
    const QString detail = engineWords(row.message);
    const auto with = [&](const QString& text) { return detail.isEmpty() ? text : detail + QStringLiteral("\n") + text; }; // why, then what to do
    switch (row.status) {
    case api::DocumentStatus::indexed:
    case api::DocumentStatus::unchanged:
        return {tr("Indexed"), with(tr("Ready to be asked.")), QStringLiteral("success"), IconTone::Success, false};
    case api::DocumentStatus::failed:
        return {tr("Failed"), with(tr("This file could not be read. Open it in its own program to check it, save it anew, then try again.")), QStringLiteral("error"), IconTone::Danger, true};
    case api::DocumentStatus::needsOcr:
        return {tr("No text"), with(tr("The pages are images without text. Run text recognition (OCR) on the file and add the result.")), QStringLiteral("warning"), IconTone::Warning, true};
    case api::DocumentStatus::needsPassword:
        return {tr("Locked"), with(tr("Enter the file’s password to index it; the password is not stored.")), QStringLiteral("shield"), IconTone::Warning, true};
    case api::DocumentStatus::skipped:
        return {tr("Skipped"), with(tr("This kind of file cannot be read.")), QStringLiteral("info"), IconTone::Muted, true};
    case api::DocumentStatus::pending:
        return {tr("Waiting"), tr("Will be indexed."), QStringLiteral("clock"), IconTone::Muted, false};
    }
    return {};
}

QString Words::facts(const api::CollectionSummary& c)
{
    QStringList parts{tr("%n document(s)", nullptr, int(c.nDocuments)), tr("%n chunk(s)", nullptr, int(c.nChunks))};
    if (c.nFailed > 0)
        parts << tr("%n with problems", nullptr, int(c.nFailed));
    if (c.nPending > 0)
        parts << tr("%n waiting", nullptr, int(c.nPending));
    if (c.embedder.empty() && c.nChunks > 0)
        parts << tr("searched by words only: no embedding model");
    return parts.join(QStringLiteral(" · "));
}

QString Words::progress(const api::IngestProgress& p)
{
    QStringList parts;
    if (p.nTotal > 0)
        parts << tr("%1 of %2 files").arg(QLocale().toString(qlonglong(p.nDone)), QLocale().toString(qlonglong(p.nTotal)));
    if (p.chunksPerSecond > 0)
        parts << tr("%1 chunks/s").arg(QLocale().toString(p.chunksPerSecond, 'f', 1));
    if (p.nFailed > 0)
        parts << tr("%n failed", nullptr, int(p.nFailed));
    if (const QString left = formatSecondsLeft(p.secondsLeft); !left.isEmpty())
        parts << left;
    if (!p.currentFile.empty())
        parts << QFileInfo(QString::fromStdString(p.currentFile)).fileName();
    return parts.isEmpty() ? tr("Getting ready…") : parts.join(QStringLiteral(" · "));
}

} // namespace

StatusWords statusWords(const api::DocumentRow& row)
{
    return Words::status(row);
}

QString collectionFacts(const api::CollectionSummary& collection)
{
    return Words::facts(collection);
}

QString ingestDetail(const api::IngestProgress& progress)
{
    return Words::progress(progress);
}

} // namespace sy::app
