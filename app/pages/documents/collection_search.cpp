// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/documents/collection_search.h"

#include "app/pages/documents/search_results_view.h"
#include "app/services/document_service.h"
#include "widgets/parts/search_box.h"
#include "widgets/theme/tokens.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>

namespace sy::app {

using namespace sy::widgets;

namespace {
constexpr int kTop = 20; // results of a search
} // namespace

CollectionSearch::CollectionSearch(DocumentService& documents, QWidget* parent) : QWidget(parent), m_documents(documents)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(space::kSmall);
    auto* line = new QHBoxLayout;
    m_box = new SearchBox(tr("Search this collection"), this);
    m_mode = new QComboBox(this);
    m_mode->addItem(tr("Words and meaning"), int(api::SearchMode::hybrid));
    m_mode->addItem(tr("Words only"), int(api::SearchMode::lexical));
    m_mode->addItem(tr("Meaning only"), int(api::SearchMode::dense));
    m_mode->setAccessibleName(tr("Way of searching"));
    line->addWidget(m_box, 1);
    line->addWidget(m_mode);
    rows->addLayout(line);
    m_state = new QLabel(this);
    m_state->setProperty("tone", "muted");
    m_state->setWordWrap(true);
    rows->addWidget(m_state);
    m_results = new SearchResultsView(this);
    rows->addWidget(m_results, 1);

    connect(m_box, &SearchBox::searched, this, &CollectionSearch::run);
    connect(m_mode, &QComboBox::currentIndexChanged, this, &CollectionSearch::run);
    connect(m_results, &SearchResultsView::opened, this, [this](const api::SearchResult& result) {
        int number = 1;
        for (const api::SearchResult& r : m_results->results()) {
            if (r.document == result.document && r.start == result.start && r.page == result.page)
                break;
            ++number;
        }
        emit opened(result, number);
    });
    connect(&documents, &DocumentService::searched, this, [this](const QString& query, const QList<api::SearchResult>& results, double ms) {
        if (query != m_box->text().trimmed())
            return;
        m_results->setResults(results);
        m_state->setText(results.isEmpty() ? tr("Nothing found. Try other words, or check that the files are indexed.")
                                           : tr("%n passage(s) in %1 ms. These are what an answer would be made from.", nullptr, int(results.size())).arg(locale().toString(ms, 'f', 0)));
    });
    connect(&documents, &DocumentService::searchFailed, this, [this](const UserMessage& message) {
        m_results->setResults({});
        m_state->setText(message.title + QStringLiteral(". ") + message.text());
    });
}

void CollectionSearch::setCollection(const QString& collection)
{
    m_collection = collection;
    m_box->clear();
    run();
}

void CollectionSearch::focusBox() { m_box->setFocus(); }
void CollectionSearch::focusResults() { m_results->setFocus(); }

void CollectionSearch::run()
{
    const QString query = m_box->text().trimmed();
    if (query.isEmpty()) {
        m_results->setResults({});
        m_state->setText(tr("Shows what retrieval finds for a question, and why: each passage’s place in the search by words and by meaning."));
        return;
    }
    m_state->setText(tr("Searching…"));
    m_documents.search(m_collection, query, api::SearchMode(m_mode->currentData().toInt()), kTop);
}

} // namespace sy::app
