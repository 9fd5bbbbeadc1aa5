// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/fine_tune.h"

#include <QTimer>
#include <QWidget>
#include <vector>

class QGridLayout;
class QLabel;
class QSlider;

namespace sy::widgets {
class PlotView;
}

namespace sy::app {

/// The curves of one run: loss trained and held out, learning rate, gradient, speed, memory, and of a mixture how evenly its experts
/// are used. One smoothness for the loss.
class RunPlots : public QWidget {
    Q_OBJECT
public:
    explicit RunPlots(QWidget* parent = nullptr);

    void setSteps(const std::vector<api::FineTuneStep>& steps);
    widgets::PlotView* loss() const { return m_loss; }
    widgets::PlotView* heaviestExpert() const { return m_heaviest; } // these two are hidden without experts
    widgets::PlotView* idleExperts() const { return m_idle; }
    QSlider* smoothness() const { return m_smoothness; }

signals:
    void saved(const QString& path, bool isSaved);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void fill();
    void fillNext();
    void place(int columns, bool hasExperts);

    std::vector<api::FineTuneStep> m_steps;
    QGridLayout* m_grid;
    QSlider* m_smoothness;
    widgets::PlotView *m_loss, *m_rate, *m_gradient, *m_speed, *m_memory, *m_heaviest, *m_idle;
    int m_columns = 0, m_nFilled = 0;
    bool m_hasExperts = false;
    QTimer m_fillTimer;
};

} // namespace sy::app
