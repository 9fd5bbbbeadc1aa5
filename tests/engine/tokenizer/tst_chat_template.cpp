// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/chat_template.h"
#include "tests/fixtures.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>

#include <QElapsedTimer>
#include <QTest>

using namespace sy;
using nlohmann::ordered_json;
using tokenizer::ChatTemplate;
using tokenizer::TemplateError;
using tokenizer::TemplateLimits;
using tokenizer::TemplateOptions;

namespace {

TemplateOptions goldenOptions()
{
    TemplateOptions options{"<BOS>", "<EOS>"};
    options.now = std::chrono::local_days(std::chrono::year(2026) / 1 / 15) + std::chrono::hours(9) + std::chrono::minutes(30);
    return options;
}

std::string render(const std::string& text, const ordered_json& variables = ordered_json::object(), TemplateOptions options = {})
{
    return ChatTemplate::parse(text).render(variables, options);
}

std::string repeated(const std::string& text, int n)
{
    std::string out;
    for (int i = 0; i < n; ++i)
        out += text;
    return out;
}

} // namespace

class TestChatTemplate : public QObject {
    Q_OBJECT

private slots:
    void snippetsRenderAsInPython_data();
    void snippetsRenderAsInPython();
    void raisedMessagesArriveUnchanged();
    void errorsNameTheLine();
    void variablesMustBeAnObject();
    void hostileTemplatesEndSoon_data();
    void hostileTemplatesEndSoon();
    void deepNestingIsASyntaxError_data();
    void deepNestingIsASyntaxError();
    void deepInputIsRefused();
    void invalidUtf8IsKept();
    void oneTemplateServesManyThreads();
};

// Expected texts come from Python's jinja2 with the same settings.
void TestChatTemplate::snippetsRenderAsInPython_data()
{
    QTest::addColumn<QByteArray>("row");
    const auto golden = ordered_json::parse(test::readFile(std::string(SY_TEST_DATA) + "/tokenizer/jinja_cases.json"));
    int number = 0;
    for (const auto& row : golden["cases"])
        QTest::addRow("case %d", number++) << QByteArray::fromStdString(row.dump());
}

void TestChatTemplate::snippetsRenderAsInPython()
{
    static const auto golden = ordered_json::parse(test::readFile(std::string(SY_TEST_DATA) + "/tokenizer/jinja_cases.json"));
    QFETCH(QByteArray, row);
    const auto expected = ordered_json::parse(row.toStdString());
    const std::string text = expected["template"];
    if (expected.contains("syntaxError")) {
        QVERIFY_EXCEPTION_THROWN(ChatTemplate::parse(text), BadFile);
    } else if (expected.contains("error")) {
        QVERIFY_EXCEPTION_THROWN(render(text, golden["variables"], goldenOptions()), TemplateError);
    } else {
        const std::string got = render(text, golden["variables"], goldenOptions());
        QCOMPARE(QByteArray::fromStdString(got), QByteArray::fromStdString(expected["expected"].get<std::string>()));
    }
}

void TestChatTemplate::raisedMessagesArriveUnchanged()
{
    try {
        render("a\n{{ raise_exception('Roles must alternate: ' ~ role) }}", {{"role", "user"}});
        QFAIL("it did not raise");
    } catch (const TemplateError& error) {
        QCOMPARE(error.message, std::string("Roles must alternate: user"));
        QVERIFY(error.wasRaised);
        QCOMPARE(error.line, 2);
        QVERIFY(dynamic_cast<const Unsupported*>(static_cast<const Error*>(&error)));
    }
    try {
        render("{{ messages[0].content + 1 }}", {{"messages", {{{"content", "x"}}}}});
        QFAIL("text plus a number");
    } catch (const TemplateError& error) {
        QCOMPARE(error.message, std::string("can only concatenate str (not \"int\") to str"));
        QVERIFY(!error.wasRaised);
    }
}

void TestChatTemplate::errorsNameTheLine()
{
    try {
        ChatTemplate::parse("ok\n{% if x %}\n{{ 1 + }}\n{% endif %}", "model.gguf");
        QFAIL("it parsed");
    } catch (const BadFile& error) {
        QCOMPARE(error.path, std::string("model.gguf"));
        QVERIFY(error.problem.starts_with("line 3:"));
    }
}

void TestChatTemplate::variablesMustBeAnObject()
{
    QVERIFY_EXCEPTION_THROWN(render("x", ordered_json::array()), std::invalid_argument);
}

void TestChatTemplate::hostileTemplatesEndSoon_data()
{
    QTest::addColumn<QString>("text");
    const char* kHostile[] = {
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{% for i in [1,2] %}{{ f(n + 1) }}{% endfor %}{% endmacro %}{{ f(0) }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% set n = namespace(s='x') %}{% for a in range(100000) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s=[1]) %}{% for a in range(100000) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{{ 'x' * 10**15 }}",
        "{{ [1] * 10**15 }}",
        "{{ range(10**12) }}",
        "{{ ('x' * 10**6).replace('x', 'y' * 10**6) }}",
        "{{ ('x' * 10**6).replace('', 'y' * 10**6) }}",
        "{{ (['x' * 10**6] * 10**5) | join }}",
        "{{ (['x'] * 10**5) | join('y' * 10**6) }}",
        "{{ 'x' | center(10**15) }}",
        "{{ 'x'.ljust(10**15) }}",
        "{{ '%999999999999d' % 1 }}",
        "{{ '{:999999999999}'.format(1) }}",
        "{{ 'x' | indent(10**15) }}",
        "{{ [1] | tojson(indent=10**15) }}",
        "{{ [1, 2] | batch(10**15, 0) | list }}",
        "{% set l = [] %}{% do l.append(l) %}{{ l }}",
        "{% set l = [] %}{% do l.append(l) %}{{ l | tojson }}",
        "{% set a = [] %}{% do a.append(a) %}{% set b = [] %}{% do b.append(b) %}{{ a == b }}",
        "{% set n = namespace(l=[1]) %}{% for i in range(150) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}",
        "{% set n = namespace(l=[1]) %}{% for i in range(150) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l | tojson }}",
        "{% set n = namespace(l=[1], m=[1]) %}{% for i in range(150) %}{% set n.l = [n.l, n.l] %}{% set n.m = [n.m, n.m] %}{% endfor %}"
        "{{ n.l == n.m }}",
        "{% for i in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
        "{% set big = 'a' * 10**6 %}{% for i in range(100000) %}{{ big.rfind('a' * 1000 + 'b') }}{% endfor %}",
        "{% set big = 'a' * 10**7 %}{% for i in range(100000) %}{% if big.count('ab') %}{% endif %}{% endfor %}",
        "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ '[' * 100000 | string }}{{ ('[' * 100000) | from_json }}",
        "{{ 9223372036854775807 + 1 }}",
        "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ 10 ** 400 }}",
        "{{ 1 // 0 }}",
        "{{ 1.5 % 0 }}",
        "{{ 'abc'[::-9223372036854775807] }}{{ 'abc'[9223372036854775807:-9223372036854775807] }}{{ undefined_name.x }}",
        "{{ [3, 'a', none] | sort }}",
        "{{ {}[[]] }}{{ {[]: 1} }}",
    };
    for (const char* text : kHostile)
        QTest::newRow(text) << QString::fromUtf8(text);
}

void TestChatTemplate::hostileTemplatesEndSoon()
{
    QFETCH(QString, text);
    const ChatTemplate chatTemplate = ChatTemplate::parse(text.toStdString());
    TemplateOptions options;
    options.limits.time = std::chrono::milliseconds(1000);
    options.limits.memoryBytes = 256 << 20;
    QElapsedTimer timer;
    timer.start();
    QVERIFY_EXCEPTION_THROWN(chatTemplate.render(ordered_json::object(), options), TemplateError);
    QVERIFY2(timer.elapsed() < 15'000, "far beyond the limit of one second"); // sanitizers slow single operations down
}

void TestChatTemplate::deepNestingIsASyntaxError_data()
{
    QTest::addColumn<QByteArray>("text");
    constexpr int n = 100'000;
    const auto row = [](const char* name, const std::string& text) { QTest::newRow(name) << QByteArray::fromStdString(text); };
    row("parentheses", "{{ " + repeated("(", n) + "1" + repeated(")", n) + " }}");
    row("lists", "{{ " + repeated("[", n) + repeated("]", n) + " }}");
    row("sum", "{{ 1" + repeated(" + 1", n) + " }}");
    row("attributes", "{{ a" + repeated(".b", n) + " }}");
    row("filters", "{{ a" + repeated("|upper", n) + " }}");
    row("not", "{{ " + repeated("not ", n) + "1 }}");
    row("signs", "{{ " + repeated("-", n) + "1 }}");
    row("conditionals", "{{ " + repeated("1 if 1 else ", n) + "1 }}");
    row("blocks", repeated("{% if 1 %}", n) + repeated("{% endif %}", n));
    row("calls", "{{ f" + repeated("(f", n) + repeated(")", n) + " }}");
    row("macros", repeated("{% macro f() %}", n) + repeated("{% endmacro %}", n));
}

void TestChatTemplate::deepNestingIsASyntaxError()
{
    QFETCH(QByteArray, text);
    QVERIFY_EXCEPTION_THROWN(ChatTemplate::parse(text.toStdString()), BadFile);
}

void TestChatTemplate::deepInputIsRefused()
{
    ordered_json deep = 1;
    for (int i = 0; i < 5000; ++i)
        deep = ordered_json::array({std::move(deep)});
    QVERIFY_EXCEPTION_THROWN(render("{{ x }}", {{"x", std::move(deep)}}), TemplateError);
}

void TestChatTemplate::invalidUtf8IsKept()
{
    const std::string bytes = "a\xFF\xE4\xBD b";
    QCOMPARE(render("{{ x }}|{{ x[1] }}|{{ x | length }}|{{ x | upper }}|{{ x[::-1] | length }}\xFF", {{"x", bytes}}),
             bytes + "|\xFF|6|A\xFF\xE4\xBD B|6\xFF");
}

void TestChatTemplate::oneTemplateServesManyThreads()
{
    const ChatTemplate chatTemplate = ChatTemplate::parse("{% set n = namespace(t='') %}{% for m in messages %}{% set n.t = n.t ~ m %}"
                                                          "{% endfor %}{{ n.t }}");
    std::atomic<int> nWrong = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 200; ++i)
                    if (chatTemplate.render({{"messages", {t, i}}}) != std::to_string(t) + std::to_string(i))
                        ++nWrong;
            });
    }
    QCOMPARE(nWrong.load(), 0);
}

QTEST_APPLESS_MAIN(TestChatTemplate)
#include "tst_chat_template.moc"
