// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLineEdit>
#include <QTimer>

namespace sy::widgets {

/// A line for search words with its icon and a clear button. searched() comes when typing pauses, or at once on Enter.
class SearchBox : public QLineEdit {
    Q_OBJECT
public:
    explicit SearchBox(const QString& placeholder, QWidget* parent = nullptr);
    /// Without this, Esc is left to whoever closes the whole search.
    void setClearsOnEscape(bool clears) { m_clearsOnEscape = clears; }

signals:
    void searched(const QString& text);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    QTimer m_pause;
    bool m_clearsOnEscape = true;
};

} // namespace sy::widgets
