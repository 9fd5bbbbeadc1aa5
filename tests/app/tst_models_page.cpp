// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/window_program.h"
#include "app/pages/models/models_page.h"

#include <QLabel>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

class TestModelsPage : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void modelsPageLoadsAndTellsFailures();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestModelsPage::modelsPageLoadsAndTellsFailures()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    program.open();
    program.window->goTo(QStringLiteral("models"));
    QWidget* page = program.window->page(QStringLiteral("models"));
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Unload")));
    keep(program, QStringLiteral("models"));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Unload")), Qt::LeftButton);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Load")));
    engine.beforeLoad = [] { throw BadFile("/models/tiny.gguf", "tensor blk.3.ffn_up.weight ends past the end of the file", 123456); };
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Load"))->isEnabled());
    QTest::mouseClick(buttonWith(page, QStringLiteral("Load")), Qt::LeftButton);
    QTRY_COMPARE(int(program.models->loadState()), int(ModelService::LoadState::Failed));
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Copy details")));
    bool isSaid = false;
    for (auto* label : page->findChildren<QLabel*>())
        isSaid = isSaid || (label->isVisible() && label->text().contains(QStringLiteral("blk.3.ffn_up.weight")) && label->text().contains(QStringLiteral("123,456")));
    QVERIFY(isSaid);
    keep(program, QStringLiteral("models-failed"));
}

QTEST_MAIN(TestModelsPage)
#include "tst_models_page.moc"
