// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/schema_compiler.h"

#include "engine/core/error.h"
#include "engine/generate/parse_space.h"
#include "tests/engine/generate/schema_texts.h"

#include <QtTest>

using namespace sy;
using namespace sy::generate;

namespace {

bool accepts(const Grammar& grammar, std::string_view text)
{
    ParseSpace space(grammar);
    int32_t parse = space.begin();
    for (const char c : text)
        parse = space.step(parse, uint8_t(c));
    return space.isComplete(parse);
}

void addRefused(const std::vector<sy::test::RefusedSchema>& schemas)
{
    QTest::addColumn<QByteArray>("schema");
    QTest::addColumn<QByteArrayList>("words");
    for (const auto& refused : schemas) {
        QByteArrayList words;
        for (const std::string& word : refused.words)
            words.push_back(QByteArray::fromStdString(word));
        QTest::newRow(refused.name) << QByteArray(refused.schema) << words;
    }
}

} // namespace

class TestSchemaCompiler : public QObject {
    Q_OBJECT

private slots:
    void aTextIsAcceptedOrNot_data()
    {
        QTest::addColumn<int>("index");
        for (size_t i = 0; i < sy::test::schemaTexts().size(); ++i)
            QTest::newRow(sy::test::schemaTexts()[i].name) << int(i);
    }

    void aTextIsAcceptedOrNot()
    {
        QFETCH(int, index);
        const sy::test::SchemaTexts& texts = sy::test::schemaTexts()[size_t(index)];
        const Grammar grammar = compileSchema(texts.schema);
        for (const std::string& text : texts.good)
            QVERIFY2(accepts(grammar, text), text.c_str());
        for (const std::string& text : texts.bad)
            QVERIFY2(!accepts(grammar, text), text.c_str());
    }

    void whatIsNotUnderstoodIsNamedWithItsPath_data() { addRefused(sy::test::unsupportedSchemas()); }

    void whatIsNotUnderstoodIsNamedWithItsPath()
    {
        QFETCH(QByteArray, schema);
        QFETCH(QByteArrayList, words);
        try {
            compileSchema(schema.toStdString());
        } catch (const Unsupported& error) {
            for (const QByteArray& word : words)
                QVERIFY2(QByteArray(error.what()).contains(word), error.what());
            return;
        }
        QFAIL("compiled");
    }

    void whatIsNoSchemaIsRefused_data() { addRefused(sy::test::badSchemas()); }

    void whatIsNoSchemaIsRefused()
    {
        QFETCH(QByteArray, schema);
        QFETCH(QByteArrayList, words);
        try {
            compileSchema(schema.toStdString());
        } catch (const BadFile& error) {
            for (const QByteArray& word : words)
                QVERIFY2(QByteArray(error.what()).contains(word), error.what());
            return;
        }
        QFAIL("compiled");
    }
};

QTEST_APPLESS_MAIN(TestSchemaCompiler)
#include "tst_schema_compiler.moc"
