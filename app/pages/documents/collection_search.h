// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/documents.h"

#include <QWidget>

class QComboBox;
class QLabel;

namespace sy::widgets {
class SearchBox;
} // namespace sy::widgets

namespace sy::app {

class DocumentService;
class SearchResultsView;

/// A search in one collection: words, the way of searching, and the passages found with their ranks.
class CollectionSearch : public QWidget {
    Q_OBJECT
public:
    explicit CollectionSearch(DocumentService& documents, QWidget* parent = nullptr);

    /// Empties the search and searches this collection from now on.
    void setCollection(const QString& collection);
    void focusBox();
    void focusResults();

signals:
    /// The number-th passage found, from 1, is to be shown.
    void opened(const sy::api::SearchResult& result, int number);

private:
    void run();

    DocumentService& m_documents;
    QString m_collection;
    widgets::SearchBox* m_box;
    QComboBox* m_mode;
    QLabel* m_state;
    SearchResultsView* m_results;
};

} // namespace sy::app
