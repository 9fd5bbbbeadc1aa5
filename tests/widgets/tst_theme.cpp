// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/theme.h"
#include "widgets/theme/tokens.h"

#include <QAbstractItemView>
#include <QApplication>
#include <QComboBox>
#include <QTest>

using namespace sy::widgets;

class TestTheme : public QObject {
    Q_OBJECT
private slots:
    void textIsReadableOnItsGround_data();
    void textIsReadableOnItsGround();
    void ringsAndControlsStandOut_data();
    void ringsAndControlsStandOut();
    void gaugeColorsDifferForColourBlindEyes_data();
    void gaugeColorsDifferForColourBlindEyes();
    void tokensFollowThePalette();
    void everyIconDrawsSomethingInItsColor();
    void styleSheetHasNoUnknownName();
    void modeSwitchesPaletteLive();
    void interfaceFontScales();
    void aListBelowABoxShowsAllItsEntries();
};

void TestTheme::textIsReadableOnItsGround_data()
{
    QTest::addColumn<bool>("dark");
    QTest::newRow("light") << false;
    QTest::newRow("dark") << true;
}

void TestTheme::textIsReadableOnItsGround()
{
    QFETCH(bool, dark);
    const Tokens& t = dark ? darkTokens() : lightTokens();
    for (const QColor& ground : {t.window, t.surface, t.raised, t.sunken, t.accentSoft, t.hover})
        for (const QColor& text : {t.text, t.textMuted, t.textFaint})
            QVERIFY2(contrastRatio(text, ground) >= 4.5, qPrintable(QStringLiteral("%1 on %2: %3").arg(text.name(), ground.name()).arg(contrastRatio(text, ground))));
    for (const auto& [text, ground] : {std::pair{t.onAccent, t.accent}, {t.onAccent, t.accentHover}, {t.accent, t.surface}, {t.accent, t.window},
                                       {t.accent, t.accentSoft}, {t.danger, t.surface}, {t.danger, t.dangerSoft}, {t.text, t.dangerSoft},
                                       {t.warning, t.warningSoft}, {t.warning, t.window}, {t.text, t.warningSoft}, {t.success, t.surface},
                                       {t.success, t.window}, {t.text, t.passage}, {t.text, t.selection}, {t.codeKeyword, t.sunken},
                                       {t.codeString, t.sunken}, {t.codeComment, t.sunken}, {t.codeNumber, t.sunken}, {t.accent, t.hover}})
        QVERIFY2(contrastRatio(text, ground) >= 4.5, qPrintable(QStringLiteral("%1 on %2: %3").arg(text.name(), ground.name()).arg(contrastRatio(text, ground))));
}

void TestTheme::ringsAndControlsStandOut_data()
{
    textIsReadableOnItsGround_data();
}

void TestTheme::ringsAndControlsStandOut()
{
    QFETCH(bool, dark);
    const Tokens& t = dark ? darkTokens() : lightTokens();
    for (const QColor& ground : {t.window, t.surface, t.sunken, t.accentSoft}) {
        QVERIFY(contrastRatio(t.focus, ground) >= 3);
        QVERIFY2(contrastRatio(t.borderStrong, ground) >= 2.4, qPrintable(QString::number(contrastRatio(t.borderStrong, ground))));
    }
    for (const QColor& color : t.series)
        QVERIFY2(contrastRatio(color, t.surface) >= 3, qPrintable(color.name()));
}

void TestTheme::gaugeColorsDifferForColourBlindEyes_data()
{
    textIsReadableOnItsGround_data();
}

void TestTheme::gaugeColorsDifferForColourBlindEyes()
{
    // Deuteranopia and protanopia after Viénot 1999: red and green collapse onto one axis, blue stays.
    QFETCH(bool, dark);
    const Tokens& t = dark ? darkTokens() : lightTokens();
    const auto seen = [](const QColor& c, bool protan) {
        const double r = c.redF(), g = c.greenF(), b = c.blueF();
        const double rg = protan ? 0.112 * r + 0.888 * g : 0.292 * r + 0.708 * g;
        return std::array<double, 2>{rg, protan ? b : -0.022 * r + 0.022 * g + b};
    };
    for (const bool protan : {false, true})
        for (int i = 0; i < 4; ++i)
            for (int j = i + 1; j < 4; ++j) {
                const auto a = seen(t.series[i], protan), b = seen(t.series[j], protan);
                const double distance = std::hypot(a[0] - b[0], a[1] - b[1]);
                QVERIFY2(distance > 0.1, qPrintable(QStringLiteral("series %1 and %2: %3").arg(i).arg(j).arg(distance)));
            }
}

void TestTheme::tokensFollowThePalette()
{
    QVERIFY(!tokens(Theme::paletteFor(false)).isDark);
    QVERIFY(tokens(Theme::paletteFor(true)).isDark);
}

void TestTheme::everyIconDrawsSomethingInItsColor()
{
    QVERIFY(iconNames().size() > 40);
    for (const QString& name : iconNames()) {
        const QImage image = iconPixmap(name, 24, Qt::red, 2.0).toImage();
        QCOMPARE(image.width(), 48);
        int painted = 0, wrong = 0;
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x) {
                const QColor c = image.pixelColor(x, y);
                painted += c.alpha() > 128;
                wrong += c.alpha() > 200 && (c.green() > 60 || c.blue() > 60);
            }
        QVERIFY2(painted > 20, qPrintable(name));
        QCOMPARE(wrong, 0);
    }
}

void TestTheme::styleSheetHasNoUnknownName()
{
    for (const bool dark : {false, true}) {
        const QString sheet = Theme::styleSheetFor(dark);
        QVERIFY(sheet.size() > 1000);
        QVERIFY2(!sheet.contains(QLatin1Char('@')) || sheet.indexOf(QLatin1Char('@')) < sheet.indexOf(QStringLiteral("*/")),
                 qPrintable(sheet.mid(sheet.lastIndexOf(QLatin1Char('@')), 40)));
    }
}

void TestTheme::modeSwitchesPaletteLive()
{
    Theme theme(*qApp);
    theme.setMode(ThemeMode::Dark);
    QVERIFY(tokens(QApplication::palette()).isDark);
    theme.setMode(ThemeMode::Light);
    QVERIFY(!tokens(QApplication::palette()).isDark);
}

void TestTheme::interfaceFontScales()
{
    QVERIFY(qFuzzyCompare(interfaceFont(200).pointSizeF(), 2 * interfaceFont(100).pointSizeF()));
    QVERIFY(monospaceFont(interfaceFont(100)).fixedPitch());
}

void TestTheme::aListBelowABoxShowsAllItsEntries()
{
    const Theme theme(*qApp);
    for (const int nEntries : {2, 3, 4, 7}) {
        QComboBox box;
        for (int i = 0; i < nEntries; ++i)
            box.addItem(QStringLiteral("Entry %1").arg(i));
        box.setCurrentIndex(nEntries - 1);
        box.show();
        QVERIFY(QTest::qWaitForWindowExposed(&box));
        box.showPopup();
        QTRY_VERIFY(box.view()->isVisible());
        for (const auto* part : box.view()->parentWidget()->findChildren<QWidget*>()) // arrows above and below, for what has no room
            QVERIFY2(!part->inherits("QComboBoxPrivateScroller") || !part->isVisible(), "an arrow is shown");
        QVERIFY(box.view()->parentWidget()->y() >= box.mapToGlobal(box.rect().bottomLeft()).y()); // below it, not over it
        const QRect last = box.view()->visualRect(box.model()->index(nEntries - 1, 0));
        QVERIFY2(last.top() >= 0 && last.bottom() < box.view()->viewport()->height(), qPrintable(QStringLiteral("%1 of %2").arg(last.bottom()).arg(box.view()->viewport()->height())));
        box.hidePopup();
    }
}

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
