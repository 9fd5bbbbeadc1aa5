// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "engine/api/documents.h"

class QFrame;
class QLabel;
class QListWidget;
class QPushButton;
class QSplitter;
class QStackedWidget;
class QTabBar;
class QToolButton;
class QTreeView;

namespace sy::widgets {
class ProgressList;
class SourcePanel;
class StatePanel;
} // namespace sy::widgets

namespace sy::app {

class CollectionSearch;
class DocumentTable;

/// Collections at the left; the files of one, or a search in it, in the middle.
class DocumentsPage : public Page {
    Q_OBJECT
public:
    DocumentsPage(PageContext& context, QWidget* parent = nullptr);

    QList<PageCommand> commands() override;
    QList<PageEntry> entries() override;
    void activated() override;
    void selectCollection(const QString& name);
    QString currentCollection() const { return m_current; }

protected:
    void resizeEvent(QResizeEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void buildDetail(QWidget* detail);
    void connectServices();
    void fillCollections();
    void awaitCollection(const QString& name);
    void turnTo(const QString& name);
    void arrangeHead();
    void fillDocuments(const QList<api::DocumentRow>& rows);
    void updateLook();
    void focusPage();
    void updateProgress(const QString& collection);
    void newCollection();
    void renameCollection();
    void removeCollection();
    void addFiles();
    void addFolder();
    void addSamples();
    void add(const QStringList& paths);
    void askInChat();
    void removeSelected();
    void reindexSelected();
    void askPassword();
    void updateProblem();
    QStringList selectedPaths() const;
    void showResult(const api::SearchResult& result, int number);

    PageContext& m_context;
    QString m_current;
    QString m_awaited; // a collection being made or named, shown as soon as it is listed
    QStringList m_pendingPaths; // to be added once the new collection has a name
    QList<api::DocumentRow> m_rows;
    QSplitter* m_splitter;
    QListWidget* m_list;
    QWidget* m_left;
    QStackedWidget* m_stack;
    widgets::StatePanel* m_state;
    QWidget* m_detail;
    QLabel *m_title, *m_facts;
    QToolButton* m_more;
    QPushButton *m_ask, *m_addFiles, *m_addFolder;
    widgets::ProgressList* m_progress;
    QFrame* m_waiting; // of an indexing that was cancelled: how to go on
    QLabel* m_waitingText;
    QTabBar* m_tabs;
    QStackedWidget* m_tabStack;
    QStackedWidget* m_filesStack; // the files, or how to add some
    QTreeView* m_files;
    widgets::StatePanel* m_noFiles;
    DocumentTable* m_model;
    QFrame* m_problem;
    QLabel* m_problemText;
    QPushButton* m_problemAction;
    QPushButton *m_removeFile, *m_reindexFile;
    CollectionSearch* m_search;
    widgets::SourcePanel* m_source;
    quint64 m_sourceRequest = 0;
    api::SearchResult m_shown;
    QToolButton* m_back;
};

} // namespace sy::app
