// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QWidget>
#include <functional>

class QMimeData;

namespace sy::widgets {

/// Paths of local files in a drag, or an empty list.
QStringList droppedFiles(const QMimeData* data);

/// Lets local files be dropped on its parent. While some are held over it, a frame and a sentence say what dropping does.
class FileDrop : public QWidget {
    Q_OBJECT
public:
    /// `says` is asked when a drag comes in, in the language of that moment.
    FileDrop(QWidget* target, std::function<QString()> says, std::function<void(const QStringList& paths)> dropped);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void cover();
    std::function<QString()> m_says;
    std::function<void(const QStringList&)> m_dropped;
    QString m_text;
};

} // namespace sy::widgets
