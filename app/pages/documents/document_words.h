// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/documents.h"
#include "widgets/theme/icons.h"

#include <QString>

namespace sy::app {

/// How a document's state is said and drawn.
struct StatusWords {
    QString label;
    QString explanation; // what happened and what to do
    QString iconName;
    widgets::IconTone tone = widgets::IconTone::Muted;
    bool isProblem = false;
};
StatusWords statusWords(const api::DocumentRow& row);

QString collectionFacts(const api::CollectionSummary& collection);
QString ingestDetail(const api::IngestProgress& progress);

} // namespace sy::app
