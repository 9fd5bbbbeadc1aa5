// SPDX-License-Identifier: GPL-3.0-or-later
//
// Real models' templates against what Python's jinja2 makes of them.
#include "engine/tokenizer/chat_template.h"
#include "tests/fixtures.h"

#include <nlohmann/json.hpp>

#include <QTest>

using namespace sy;
using nlohmann::ordered_json;
using tokenizer::ChatTemplate;
using tokenizer::TemplateError;

class TestChatTemplateGoldens : public QObject {
    Q_OBJECT

private slots:
    void rendersAsExpected_data();
    void rendersAsExpected();
};

void TestChatTemplateGoldens::rendersAsExpected_data()
{
    QTest::addColumn<QString>("name");
    const auto folder = test::fixturePath("chat-templates");
    if (!std::filesystem::exists(folder))
        return;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".jinja")
            QTest::newRow(entry.path().stem().c_str()) << QString::fromStdString(entry.path().stem().string());
}

void TestChatTemplateGoldens::rendersAsExpected()
{
    if (!std::filesystem::exists(test::fixturePath("chat-templates")))
        QSKIP("chat-templates/ of the fixtures is absent");
    QFETCH(QString, name);
    const std::string base = "chat-templates/" + name.toStdString();
    const ChatTemplate chatTemplate = ChatTemplate::parse(test::readFile(test::fixturePath(base + ".jinja")), base);
    const auto cases = ordered_json::parse(test::readFile(test::fixturePath("chat-templates/cases.json")));
    const auto expected = ordered_json::parse(test::readFile(test::fixturePath(base + ".expected.json")));
    tokenizer::TemplateOptions options{"<BOS>", "<EOS>"};
    options.now = std::chrono::local_days(std::chrono::year(2026) / 1 / 15) + std::chrono::hours(9) + std::chrono::minutes(30);
    QVERIFY(!expected.empty());
    for (const auto& [caseName, want] : expected.items()) {
        ordered_json variables = cases.at(caseName);
        if (!variables.contains("add_generation_prompt"))
            variables["add_generation_prompt"] = true;
        ordered_json got;
        try {
            got = chatTemplate.render(variables, options);
        } catch (const TemplateError& error) {
            got = {{"error", error.message}};
        }
        if (got != want)
            qWarning("%s", caseName.c_str());
        QCOMPARE(QByteArray::fromStdString(got.dump()), QByteArray::fromStdString(want.dump()));
    }
}

QTEST_APPLESS_MAIN(TestChatTemplateGoldens)
#include "tst_chat_template_goldens.moc"
