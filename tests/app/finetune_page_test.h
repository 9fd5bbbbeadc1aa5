// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of the Fine-tune page do with it: keys, the mouse, files that are dropped and chosen.
#pragma once

#include "app/pages/finetune/adapter_view.h"
#include "app/pages/finetune/checkpoint_list.h"
#include "app/pages/finetune/column_mapping.h"
#include "app/pages/finetune/compare_view.h"
#include "app/pages/finetune/finetune_page.h"
#include "app/pages/finetune/pattern_table.h"
#include "app/pages/finetune/plan_panel.h"
#include "app/pages/finetune/run_fields.h"
#include "app/pages/finetune/run_form.h"
#include "app/pages/finetune/run_plots.h"
#include "app/pages/finetune/run_view.h"
#include "app/services/fine_tune_service.h"
#include "tests/app/window_program.h"
#include "widgets/adapters/adapter_picker.h"
#include "widgets/models/memory_bar.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/state_panel.h"
#include "widgets/parts/toast.h"
#include "widgets/plots/plot_view.h"
#include "widgets/training/run_list.h"
#include "widgets/training/token_preview.h"

#include <QClipboard>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLineEdit>
#include <QListView>
#include <QListWidget>
#include <QMenu>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QSet>
#include <QSignalSpy>
#include <QTabBar>
#include <QTabWidget>
#include <QTableWidget>
#include <QTextEdit>
#include <QTimer>
#include <QToolButton>
#include <QTreeWidget>

namespace sy::app::test {

inline FineTunePage* pageOf(Program& program)
{
    return qobject_cast<FineTunePage*>(program.window->page(QStringLiteral("finetune")));
}

/// Opens the program at the page, with a model loaded.
inline FineTunePage* openPage(Program& program, QSize size = {1280, 800})
{
    program.open(size);
    if (!QTest::qWaitFor([&] { return program.models->model() && program.fineTune->isListed() && !program.fineTune->defaults().isEmpty(); }))
        return nullptr;
    QTest::keyClick(program.window.get(), Qt::Key_3, Qt::ControlModifier);
    return QTest::qWaitFor([&] { return pageOf(program)->isVisible(); }) ? pageOf(program) : nullptr;
}

/// What a number is changed to with the keyboard.
inline void type(QWidget* control, const QString& text)
{
    auto* edit = control->findChild<QLineEdit*>();
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, text);
    QTest::keyClick(edit, Qt::Key_Tab);
}

/// Chooses an entry of a button's menu with the keyboard.
inline void choose(QPushButton* button, const QString& text)
{
    QTimer::singleShot(0, button, [button, text] { // the menu takes all events until it closes
        QMenu* menu = button->menu();
        for (int i = 0; i < 10 && (!menu->activeAction() || menu->activeAction()->text() != text); ++i)
            QTest::keyClick(menu, Qt::Key_Down);
        QTest::keyClick(menu, menu->activeAction() && menu->activeAction()->text() == text ? Qt::Key_Return : Qt::Key_Escape);
    });
    button->setFocus();
    QTest::keyClick(button, Qt::Key_Space);
}

/// Pastes a path into the file dialog that has opened, and Enter.
inline bool answerFileDialog(QWidget* in, const QString& path)
{
    QFileDialog* dialog = nullptr;
    const bool isOpen = QTest::qWaitFor([&] {
        dialog = in->findChild<QFileDialog*>();
        return dialog && dialog->isVisible();
    });
    if (!isOpen)
        return false;
    auto* edit = dialog->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"));
    edit->setFocus();
    edit->selectAll();
    QApplication::clipboard()->setText(path); // letter by letter the dialog chooses folders on the way
    QTest::keyClick(edit, Qt::Key_V, Qt::ControlModifier);
    QTest::keyClick(edit, Qt::Key_Return);
    return QTest::qWaitFor([&] { return !in->findChild<QFileDialog*>(); });
}

/// Chooses an entry of a combo box with the keyboard.
inline void chooseIn(QComboBox* box, const QString& text)
{
    box->setFocus();
    QTest::keyClick(box, Qt::Key_Home);
    for (int i = 0; i < box->count() && box->currentText() != text; ++i)
        QTest::keyClick(box, Qt::Key_Down);
}

inline QJsonObject firstFileOf(const std::string& config)
{
    return QJsonDocument::fromJson(QByteArray::fromStdString(config)).object().value(QLatin1String("data")).toArray().at(0).toObject();
}

inline QString settingOf(const std::string& config, const char* path)
{
    const QJsonValue value = valueAt(QJsonDocument::fromJson(QByteArray::fromStdString(config)).object(), QString::fromLatin1(path));
    return value.isDouble() ? QString::number(value.toDouble()) : value.toString();
}

} // namespace sy::app::test
