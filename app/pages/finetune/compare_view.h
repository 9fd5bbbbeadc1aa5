// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"

class QCheckBox;
class QLabel;
class QSlider;
class QTableWidget;
class QToolButton;

namespace sy::widgets {
class FlowLayout;
class PlotView;
} // namespace sy::widgets

namespace sy::app {

/// Up to four runs on one plot, and what differs in their settings and ends.
class CompareView : public QWidget {
    Q_OBJECT
public:
    static constexpr int kMost = 4;

    CompareView(PageContext& context, QWidget* parent = nullptr);

    void setFirst(const QString& id); // with the newest other run of the same model
    QStringList chosen() const { return m_chosen; }
    widgets::PlotView* plot() const { return m_plot; }
    QTableWidget* table() const { return m_table; }
    QToolButton* chip(const QString& id) const;

signals:
    void closed(const QString& first);

private:
    void fillChips();
    void toggle(const QString& id, bool isOn);
    void fill();
    void fillTable();

    PageContext& m_context;
    QStringList m_chosen;
    QWidget* m_chips;
    widgets::FlowLayout* m_chipLayout;
    QLabel* m_hint;
    QCheckBox* m_heldOut;
    QSlider* m_smoothness;
    widgets::PlotView* m_plot;
    QTableWidget* m_table;
};

} // namespace sy::app
