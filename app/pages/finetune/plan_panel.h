// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/messages/user_message.h"
#include "engine/api/fine_tune.h"

#include <QList>
#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;
class QTabWidget;
class QTreeWidget;

namespace sy::widgets {
class FactsTable;
class MemoryBar;
class Notice;
class TokenPreview;
} // namespace sy::widgets

namespace sy::app {

/// What a configuration comes to: memory, counts, what the model will read, and what is left out and why.
class PlanPanel : public QWidget {
    Q_OBJECT
public:
    explicit PlanPanel(QWidget* parent = nullptr);

    void setEmpty(const QString& hint); // nothing to count yet
    void setWorking();                  // what was there stays, and is being counted anew
    void setReading(double share);      // of the data, 0 to 1, while it works
    void setPlan(const api::FineTunePlan& plan, const QString& expectedTime, bool isWhole = false); // isWhole: no adapter is trained
    void setFailure(const UserMessage& message);
    /// Why the plan cannot be trained, with what would help; empty title: it can.
    /// What the row "Time" says, and whether a step can be measured now, or is.
    void setTime(const QString& expectedTime);
    void setMeasure(bool isPossible, bool isMeasuring, const QString& whyNot = {});
    static UserMessage refusal(const api::FineTunePlan& plan);
    widgets::TokenPreview* preview() const { return m_preview; }
    widgets::FactsTable* facts() const { return m_facts; }
    QTreeWidget* dropped() const { return m_dropped; }
    QPushButton* measureButton() const { return m_measure; }
    widgets::Notice* notice() const { return m_notice; }

signals:
    void measureToggled(); // begin, or stop

private:
    void fillRows(const api::FineTunePlan& plan);
    QLabel *m_hint, *m_memoryTitle, *m_factsTitle;
    QProgressBar* m_busy;
    widgets::Notice* m_notice;
    widgets::MemoryBar* m_memory;
    widgets::FactsTable* m_facts;
    QList<std::pair<QString, QString>> m_shown; // by m_facts; the last is the time
    QPushButton* m_measure;
    QTabWidget* m_tabs;
    widgets::TokenPreview* m_preview;
    QTreeWidget* m_dropped;
};

} // namespace sy::app
