// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"

class QLabel;
class QPushButton;

namespace sy::widgets {
class FactsTable;
}

namespace sy::app {

/// An adapter that was imported: what it is, and what can be done with it. That of a run is shown with its run.
class AdapterView : public QWidget {
    Q_OBJECT
public:
    AdapterView(PageContext& context, QWidget* parent = nullptr);

    void setAdapter(const QString& id);
    QString id() const { return m_id; }
    widgets::FactsTable* facts() const { return m_facts; }
    QPushButton* exportButton() const { return m_export; }

signals:
    void chatRequested(const QString& id);
    void mergeRequested(const QString& id);
    void renameRequested(const QString& id);
    void deleteRequested(const QString& id);

private:
    void refresh();

    PageContext& m_context;
    QString m_id;
    QLabel *m_title, *m_state;
    QPushButton* m_export;
    widgets::FactsTable* m_facts;
};

} // namespace sy::app
