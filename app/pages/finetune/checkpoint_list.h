// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "engine/api/runs.h"

#include <optional>
#include <vector>

class QLabel;
class QPushButton;
class QTreeWidget;

namespace sy::app {

/// The checkpoints of a run, newest first: what each came to, the best one, the one that chats use, and another in its place.
class CheckpointList : public QWidget {
    Q_OBJECT
public:
    CheckpointList(PageContext& context, QWidget* parent = nullptr);

    void setRun(const QString& id);
    QTreeWidget* table() const { return m_table; }
    QPushButton* useButton() const { return m_use; }

protected:
    void showEvent(QShowEvent* event) override;

private:
    void read();
    void fill(const std::vector<api::RunCheckpoint>& checkpoints);
    void updateButton();
    void useCurrent();
    std::optional<api::RunCheckpoint> current() const;

    PageContext& m_context;
    QString m_id;
    size_t m_nWritten = 0; // of the run's steps, when it was read last
    std::vector<api::RunCheckpoint> m_checkpoints;
    QLabel* m_hint;
    QTreeWidget* m_table;
    QPushButton* m_use;
};

} // namespace sy::app
