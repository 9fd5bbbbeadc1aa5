// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QList>
#include <QToolButton>

class QDoubleSpinBox;
class QListWidget;
class QPushButton;
class QSlider;
class QLabel;

namespace sy::widgets {

/// A variant that can be chosen, as the picker shows it.
struct AdapterItem {
    QString id;
    QString name;
    QString detail; // a second, smaller line
};

/// A button that says which adapter is chosen and how strongly, and opens a list with a slider to change both. What is chosen holds at
/// once; Esc, Enter or a click elsewhere closes. Enter in the list and the slider both work from the keyboard alone.
class AdapterPicker : public QToolButton {
    Q_OBJECT
public:
    explicit AdapterPicker(QWidget* parent = nullptr);

    void setItems(const QList<AdapterItem>& items);
    /// id empty: none. An id that is not among the items is shown by `unknownName` with a warning.
    void setChoice(const QString& id, double strength, const QString& unknownName = {});
    QString id() const { return m_id; }
    double strength() const { return m_strength; }
    /// What the button leads to below the list, as "Train an adapter…"; empty: nothing.
    void setFooterAction(const QString& text);
    /// What the button is called to a screen reader, before the choice.
    void setName(const QString& name);

    QFrame* popup() const { return m_popup; }
    QListWidget* list() const { return m_list; }
    QSlider* slider() const { return m_slider; }
    QDoubleSpinBox* number() const { return m_number; }
    void openPopup();
    QSize sizeHint() const override;

signals:
    void chosen(const QString& id, double strength);
    void footerActivated();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void buildPopup();
    void fillList();
    void updateText();
    void choose(const QString& id, double strength);

    QString m_id, m_unknownName, m_name;
    double m_strength = 1;
    QList<AdapterItem> m_items;
    bool m_isFilling = false;
    QFrame* m_popup;
    QListWidget* m_list;
    QLabel *m_strengthLabel, *m_hint;
    QSlider* m_slider;
    QDoubleSpinBox* m_number;
    QPushButton* m_footer;
};

} // namespace sy::widgets
