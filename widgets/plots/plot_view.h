// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QPointF>
#include <QWidget>
#include <functional>
#include <optional>

class QLabel;
class QToolButton;

namespace sy::widgets {

class PlotCanvas;

/// One line of a plot. Lines differ in color and in dash, so that no kind of colour vision needs the color.
struct PlotSeries {
    enum class Look { Line, Faint, Dots }; // Faint: what a smoothed line was made from
    QString name;                          // in the legend; empty: not there
    QList<QPointF> points;                 // by rising x; a y that is no number leaves a gap
    int color = 0;                         // 0 to 3: of Tokens::series
    Look look = Look::Line;
    int dash = 0;                          // 0 solid, 1 dashed, 2 dotted, 3 both
};

/// A plot over steps: the wheel zooms where it turns, dragging pans, a double click shows everything again, pointing shows the
/// values; a button makes the axis logarithmic, another saves an image or the numbers. With the keyboard: Left and Right go through
/// the values, + and − zoom, Shift with the arrows pans, Home shows everything. New values do not move what was zoomed.
class PlotView : public QWidget {
    Q_OBJECT
public:
    explicit PlotView(const QString& title, QWidget* parent = nullptr);
    ~PlotView() override;

    /// What stands below: "Step". How a value of y is said; without it as a plain number.
    void setXName(const QString& name);
    void setValueText(std::function<QString(double)> text);
    void setEmptyText(const QString& text); // while there are no values
    void setStartsAtZero(bool starts); // for amounts, whose share of the whole is what one looks at
    void setSeries(const QList<PlotSeries>& series);
    const QList<PlotSeries>& series() const { return m_series; }
    QString title() const { return m_title; }

    void setLogarithmic(bool isLogarithmic);
    bool isLogarithmic() const { return m_isLogarithmic; }
    void showAll();
    bool isZoomed() const { return m_isZoomed; }
    QPointF xRange() const; // lower, upper
    QPointF yRange() const;

    /// What pointing at x shows, a line each; empty where nothing is.
    QString valuesAt(double x) const;
    std::optional<double> cursor() const { return m_cursor; }

    /// A .svg, or else a .png at twice the size. False when it could not be written.
    bool saveImage(const QString& path);
    /// A row for each x with the values of every named series.
    QByteArray toCsv() const;

    QWidget* canvas() const; // takes keys, wheel and drags
    QSize sizeHint() const override { return {420, 240}; }
    QSize minimumSizeHint() const override { return {240, 190}; }

signals:
    void saved(const QString& path, bool isSaved);

protected:
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    friend class PlotCanvas;
    void rebuild();
    void applyColors();
    void fit();
    void setCursor(std::optional<double> x);
    void moveCursor(int step);
    void zoom(double factor, std::optional<QPointF> at = {});
    void pan(double share);
    void save(const QString& suffix);

    QString m_title, m_xName;
    std::function<QString(double)> m_valueText;
    QList<PlotSeries> m_series;
    bool m_isLogarithmic = false, m_isZoomed = false, m_startsAtZero = false;
    std::optional<double> m_cursor;
    PlotCanvas* m_canvas;
    QLabel* m_titleLabel;
    QToolButton *m_log, *m_all, *m_save;
};

/// An exponential average over `points`, corrected at its start; smoothness 0 (as it is) to below 1.
QList<QPointF> smoothed(const QList<QPointF>& points, double smoothness);

} // namespace sy::widgets
