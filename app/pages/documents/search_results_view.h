// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/documents.h"

#include <QListView>
#include <QList>

class QStandardItemModel;

namespace sy::app {

/// What retrieval found, one card each: document and page, the passage, and why: its place among the words' list and among the
/// meanings' list.
class SearchResultsView : public QListView {
    Q_OBJECT
public:
    explicit SearchResultsView(QWidget* parent = nullptr);
    void setResults(const QList<api::SearchResult>& results);
    const QList<api::SearchResult>& results() const { return m_results; }

signals:
    void opened(const sy::api::SearchResult& result);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QStandardItemModel* m_model;
    QList<api::SearchResult> m_results;
};

/// "words 2nd of the list, meaning 1st": one line for a result.
QString whyFound(const api::SearchResult& result);

} // namespace sy::app
