// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/adapters/adapter_picker.h"

#include <QDoubleSpinBox>
#include <QListWidget>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>

using namespace sy::widgets;

class TestAdapterPicker : public QObject {
    Q_OBJECT
private slots:
    void init();
    void theListIsChosenFromWithKeys();
    void sliderAndNumberAreOne();
    void withoutAnAdapterThereIsNoStrength();
    void whatIsNotInTheListIsShownWithItsName();
    void theWayOnBelowTheListClosesIt();

private:
    std::unique_ptr<AdapterPicker> m_picker;
};

void TestAdapterPicker::init()
{
    m_picker = std::make_unique<AdapterPicker>();
    m_picker->setItems({{QStringLiteral("a-1"), QStringLiteral("Tone"), {}}, {QStringLiteral("b-1"), QStringLiteral("Facts"), {}}});
    m_picker->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_picker.get()));
}

void TestAdapterPicker::theListIsChosenFromWithKeys()
{
    QSignalSpy chosen(m_picker.get(), &AdapterPicker::chosen);
    QTest::keyClick(m_picker.get(), Qt::Key_Space);
    QTRY_VERIFY(m_picker->popup()->isVisible());
    QCOMPARE(m_picker->list()->count(), 3);
    QCOMPARE(m_picker->list()->currentRow(), 0); // no adapter
    QTest::keyClick(m_picker->list(), Qt::Key_Down);
    QCOMPARE(chosen.size(), 1);
    QCOMPARE(m_picker->id(), QStringLiteral("a-1"));
    QTest::keyClick(m_picker->list(), Qt::Key_Down);
    QCOMPARE(chosen.back()[0].toString(), QStringLiteral("b-1"));
    QCOMPARE(m_picker->text(), QStringLiteral("Facts"));
    QTest::keyClick(m_picker->list(), Qt::Key_Return);
    QVERIFY(!m_picker->popup()->isVisible());
    QVERIFY(m_picker->accessibleName().contains(QStringLiteral("Facts")));
}

void TestAdapterPicker::sliderAndNumberAreOne()
{
    m_picker->setChoice(QStringLiteral("a-1"), 1);
    QSignalSpy chosen(m_picker.get(), &AdapterPicker::chosen);
    m_picker->openPopup();
    QTest::keyClick(m_picker->slider(), Qt::Key_Left);
    QCOMPARE(m_picker->strength(), 0.95);
    QCOMPARE(m_picker->number()->value(), 0.95);
    QCOMPARE(chosen.size(), 1); // one change is told once
    QTest::keyClick(m_picker->number(), Qt::Key_Up);
    QTest::keyClick(m_picker->number(), Qt::Key_Up);
    QCOMPARE(m_picker->slider()->value(), 105);
    QCOMPARE(chosen.size(), 3);
    QTest::keyClick(m_picker->slider(), Qt::Key_End);
    QCOMPARE(m_picker->strength(), 2.0);
    QVERIFY2(m_picker->text().endsWith(QStringLiteral("× 2")), qPrintable(m_picker->text()));
    m_picker->setChoice(QStringLiteral("a-1"), 0.5); // from outside: nothing is told
    QCOMPARE(chosen.size(), 4);
    QCOMPARE(m_picker->slider()->value(), 50);
}

void TestAdapterPicker::withoutAnAdapterThereIsNoStrength()
{
    m_picker->openPopup();
    QVERIFY(!m_picker->slider()->isEnabled());
    QVERIFY(!m_picker->number()->isEnabled());
    QTest::mouseClick(m_picker->list()->viewport(), Qt::LeftButton, {}, m_picker->list()->visualItemRect(m_picker->list()->item(2)).center());
    QCOMPARE(m_picker->id(), QStringLiteral("b-1"));
    QVERIFY(m_picker->slider()->isEnabled());
    QVERIFY(m_picker->popup()->isVisible()); // the strength is what one may want next
    QTest::mouseClick(m_picker->list()->viewport(), Qt::LeftButton, {}, m_picker->list()->visualItemRect(m_picker->list()->item(0)).center());
    QVERIFY(!m_picker->popup()->isVisible());
}

void TestAdapterPicker::whatIsNotInTheListIsShownWithItsName()
{
    m_picker->setChoice(QStringLiteral("gone-3"), 1, QStringLiteral("Old tone"));
    QCOMPARE(m_picker->text(), QStringLiteral("Old tone"));
    QVERIFY(m_picker->toolTip().contains(QStringLiteral("does not fit")));
}

void TestAdapterPicker::theWayOnBelowTheListClosesIt()
{
    QSignalSpy footer(m_picker.get(), &AdapterPicker::footerActivated);
    m_picker->setFooterAction(QStringLiteral("Train one"));
    m_picker->openPopup();
    auto* button = m_picker->popup()->findChild<QPushButton*>();
    QVERIFY(button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(footer.size(), 1);
    QVERIFY(!m_picker->popup()->isVisible());
}

QTEST_MAIN(TestAdapterPicker)
#include "tst_adapter_picker.moc"
