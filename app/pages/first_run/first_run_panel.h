// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"

class QLabel;
class QPushButton;

namespace sy::widgets {
class Notice;
class ProgressList;
}

namespace sy::app {

struct UserMessage;

/// What stands where a model is needed and there is none: download the starter models, or use a file one has.
class FirstRunPanel : public QWidget {
    Q_OBJECT
public:
    FirstRunPanel(PageContext& context, QWidget* parent = nullptr);

protected:
    void changeEvent(QEvent* event) override;

private:
    void update();
    void decorate();
    PageContext& m_context;
    QLabel *m_logo, *m_title, *m_downloadText;
    QPushButton *m_download, *m_import;
    sy::widgets::ProgressList* m_progress;
    sy::widgets::Notice* m_failure;
};

/// The words for a job of the models: shared with the models page.
QString jobTitle(const struct ModelJob& job);
QString jobDetail(const struct ModelJob& job);
double jobFraction(const struct ModelJob& job); // -1: unknown
void showNotice(sy::widgets::Notice* notice, const UserMessage& message);
/// What is said when a job was asked to end.
QString cancelWords(const struct ModelJob& job);

} // namespace sy::app
