// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "app/services/adapter_service.h"

#include <QTimer>
#include <optional>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace sy::widgets {
class ElidedLabel;
class FactsTable;
class Notice;
} // namespace sy::widgets

namespace sy::app {

/// Puts an adapter into the weights of a model: a form, the work, and what came of it. The work is the service's: it goes on when
/// this is left, and is found here again.
class MergeView : public QWidget {
    Q_OBJECT
public:
    MergeView(PageContext& context, QWidget* parent = nullptr);

    /// The form for an adapter, or the merge that is under way.
    void open(const QString& adapter);
    QString adapter() const { return m_adapter; }
    QLineEdit* name() const { return m_name; }
    QComboBox* type() const { return m_type; }
    QDoubleSpinBox* strength() const { return m_strength; }
    QCheckBox* measures() const { return m_measures; }
    QComboBox* text() const { return m_text; }
    QPushButton* mergeButton() const { return m_start; }
    QPushButton* stopButton() const { return m_stop; }
    QProgressBar* progress() const { return m_progress; }
    widgets::FactsTable* facts() const { return m_facts; }
    widgets::Notice* notice() const { return m_notice; }

signals:
    void closed(const QString& adapter);
    /// With the new model: its id where it is in the list, and its file.
    void chatRequested(const QString& model, const QString& path);

protected:
    void showEvent(QShowEvent* event) override;

private:
    enum class Look { Form, Working, Done };
    void build();
    QWidget* buildForm();
    QWidget* buildWork();
    QWidget* buildResult();
    void connectService();
    void setLook(Look look);
    void backToForm();
    void fillModels();
    void fillTexts();
    void fillName();
    void chooseFolder();
    void chooseText();
    void edited();
    void countNow();
    void takePlan(const api::MergePlan& plan);
    void updateForm();
    void updateWork();
    void showResult(const Merge& merge);
    void setFailure(const UserMessage& message);
    void start();
    void askToReplace();
    MergeRequest request() const;
    QString missing() const; // what the form lacks; empty: nothing

    PageContext& m_context;
    QString m_adapter, m_folder, m_textFile;
    Merge m_last;
    std::optional<api::MergePlan> m_plan;
    quint64 m_planRequest = 0;
    bool m_isNameTyped = false;
    int m_nextName = 1; // of those that are not taken
    QTimer m_pause;
    QLabel *m_title, *m_hint, *m_size, *m_state, *m_why, *m_outcome;
    widgets::ElidedLabel* m_folderLabel;
    QWidget *m_form, *m_work, *m_result;
    QComboBox *m_model, *m_type, *m_text;
    QLineEdit* m_name;
    QPushButton *m_folderButton, *m_start, *m_stop, *m_chat;
    QDoubleSpinBox* m_strength;
    QCheckBox* m_measures;
    QProgressBar* m_progress;
    widgets::Notice *m_notice, *m_notMeasured;
    widgets::FactsTable* m_facts;
};

} // namespace sy::app
