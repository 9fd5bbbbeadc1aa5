// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/chat_settings.h"
#include "app/settings/settings.h"

#include <QSet>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sy::app;

class TestSettings : public QObject {
    Q_OBJECT
private slots:
    void everyRowHasAStandardOfItsType();
    void valuesSurviveARestart();
    void damagedValuesCountAsNotSet();
    void chatsOverrideSingleValues();
    void samplingTableNamesKnownSettings();
};

void TestSettings::everyRowHasAStandardOfItsType()
{
    QSet<QString> keys;
    for (const SettingRow& row : settingTable()) {
        QVERIFY2(row.standard.metaType().id() == int(row.type) || row.standard.canConvert(QMetaType(row.type)), row.key);
        QVERIFY2(!keys.contains(QLatin1String(row.key)), row.key);
        keys.insert(QLatin1String(row.key));
        if (row.least < row.most)
            QVERIFY2(row.standard.toDouble() >= row.least && row.standard.toDouble() <= row.most, row.key);
    }
}

void TestSettings::valuesSurviveARestart()
{
    QTemporaryDir dir;
    const QString file = dir.filePath(QStringLiteral("settings.ini"));
    {
        Settings settings(file);
        QSignalSpy spy(&settings, &Settings::changed);
        settings.set(setting::kTheme, QStringLiteral("dark"));
        settings.set(setting::kTheme, QStringLiteral("dark"));
        settings.set(setting::kTemperature, 1.25);
        settings.set(setting::kSendOnEnter, false);
        QCOMPARE(spy.size(), 3);
    }
    Settings again(file);
    QCOMPARE(again.text(setting::kTheme), QStringLiteral("dark"));
    QCOMPARE(again.real(setting::kTemperature), 1.25);
    QCOMPARE(again.flag(setting::kSendOnEnter), false);
    again.reset(setting::kTemperature);
    QCOMPARE(again.real(setting::kTemperature), 0.7);
}

void TestSettings::damagedValuesCountAsNotSet()
{
    QTemporaryDir dir;
    const QString file = dir.filePath(QStringLiteral("settings.ini"));
    QFile out(file);
    QVERIFY(out.open(QIODevice::WriteOnly));
    out.write("[sampling]\ntemperature=banana\ntopP=77\n[interface]\ntextPercent=100000\n\x01\x02garbage");
    out.close();
    Settings settings(file);
    QCOMPARE(settings.real(setting::kTemperature), 0.7);
    QCOMPARE(settings.real(setting::kTopP), 0.95);
    QCOMPARE(settings.number(setting::kTextPercent), 100);
}

void TestSettings::chatsOverrideSingleValues()
{
    QTemporaryDir dir;
    Settings defaults(dir.filePath(QStringLiteral("settings.ini")));
    ChatSettings chat;
    QVERIFY(chat.toJson().empty());
    chat.set(setting::kTemperature, 0.1);
    chat.set(setting::kSeed, 42.0);
    chat.set(setting::kSystemPrompt, QStringLiteral("Be brief."));
    const ChatSettings again = ChatSettings::fromJson(chat.toJson());
    QVERIFY(again.isOverridden(setting::kTemperature));
    QCOMPARE(again.sampling(defaults).temperature, 0.1);
    QCOMPARE(again.sampling(defaults).seed.value(), uint64_t(42));
    QCOMPARE(again.sampling(defaults).topK, 40);
    QCOMPARE(again.systemPrompt(defaults), QStringLiteral("Be brief."));
    defaults.set(setting::kTopK, 7);
    QCOMPARE(again.sampling(defaults).topK, 7);
    QVERIFY(!ChatSettings().sampling(defaults).seed.has_value());
    for (const char* broken : {"", "{", "[1,2]", "{\"sampling/temperature\": \"hot\"}", "{\"sampling/temperature\": 900}"})
        QCOMPARE(ChatSettings::fromJson(broken).sampling(defaults).temperature, 0.7);
}

void TestSettings::samplingTableNamesKnownSettings()
{
    for (const SamplingRow& row : samplingTable()) {
        QVERIFY2(findSetting(QLatin1String(row.key)), row.key);
        QVERIFY(!row.label().isEmpty() && !row.explanation().isEmpty());
    }
}

QTEST_MAIN(TestSettings)
#include "tst_settings.moc"
