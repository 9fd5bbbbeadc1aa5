// SPDX-License-Identifier: GPL-3.0-or-later
// Reads every #include of the source tree and says when an arrow turns round: app above widgets and engine, which do not know
// each other; the engine's folders stacked in one order; no Qt in the engine.
#include "tests/fixtures.h"

#include <QDirIterator>
#include <QRegularExpression>
#include <QTest>

#include <algorithm>

namespace {

const QStringList kEngineFolders = {"core", "cpu", "cuda", "quant", "metrics", "store", "formats", "tokenizer", "autograd", "ops",
                                    "nn", "documents", "models", "inspect", "generate", "train", "retrieval", "api"};

struct Include {
    QString file; // relative to the source folder
    int line;
    QString target;
    bool isQuoted;

    QByteArray text() const
    {
        return QStringLiteral("%1:%2 includes %3").arg(file).arg(line).arg(target).toUtf8();
    }
};

const QDir& source()
{
    static const QDir dir(SY_SOURCE_DIR);
    return dir;
}

QList<Include> includesIn(const QString& text, const QString& file)
{
    static const QRegularExpression pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
    QList<Include> includes;
    const QStringList lines = text.split('\n');
    for (int i = 0; i < lines.size(); ++i) {
        const auto match = pattern.match(lines[i]);
        if (match.hasMatch())
            includes.push_back({file, i + 1, match.captured(2), match.captured(1) == "\""});
    }
    return includes;
}

QList<Include> includesUnder(const QString& folder)
{
    QList<Include> includes;
    QDirIterator files(source().filePath(folder), {"*.h", "*.cpp", "*.cu", "*.cuh"}, QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        QFile file(files.next());
        if (file.open(QIODevice::ReadOnly))
            includes += includesIn(QString::fromUtf8(file.readAll()), source().relativeFilePath(file.fileName()));
    }
    return includes;
}

QString engineFolder(const QString& path) // "engine/ops/add/add.h" gives "ops"
{
    return path.startsWith("engine/") ? path.section('/', 1, 1) : QString();
}

/// Empty when the include is allowed, else the rule that it breaks.
QString brokenRule(const Include& include)
{
    static const QRegularExpression qtHeader("^(Q[A-Z]|Qt)");
    const QString& file = include.file;
    const QString& target = include.target;
    if (include.isQuoted && target.startsWith(".."))
        return "paths in includes begin at the source folder";
    if (target == "qcustomplot.h" && !file.startsWith("widgets/plots/"))
        return "only widgets/plots knows the plot library";
    if (file.startsWith("engine/")) {
        if (target.startsWith("app/") || target.startsWith("widgets/"))
            return "the engine knows neither app nor widgets";
        if (qtHeader.match(target).hasMatch())
            return "the engine has no Qt";
        const QString from = engineFolder(file), to = engineFolder(target);
        if (!to.isEmpty() && kEngineFolders.indexOf(to) > kEngineFolders.indexOf(from))
            return "an engine folder uses only folders to its left";
    } else if (file.startsWith("widgets/")) {
        if (target.startsWith("engine/") || target.startsWith("app/"))
            return "widgets know neither engine nor app";
    } else if (file.startsWith("app/")) {
        if (target.startsWith("engine/") && !target.startsWith("engine/api/") && target != "engine/core/error.h")
            return "the app sees engine/api and engine/core/error.h only";
    }
    return {};
}

} // namespace

class TestLayering : public QObject {
    Q_OBJECT

private slots:
    void arrowsPointDown_data();
    void arrowsPointDown();
    void everyEngineFolderHasAPlaceInTheOrder();
    void quotedIncludesNameFilesThatExist();
    void aTurnedArrowIsSeen_data();
    void aTurnedArrowIsSeen();
    void everySourceFileBeginsWithItsLicense();
};

void TestLayering::arrowsPointDown_data()
{
    QTest::addColumn<QString>("folder");
    for (const char* folder : {"engine", "widgets", "app"})
        QTest::newRow(folder) << QString(folder);
}

void TestLayering::arrowsPointDown()
{
    QFETCH(QString, folder);
    const auto includes = includesUnder(folder);
    QVERIFY2(includes.size() > 50, "hardly any includes were found: is the source folder right?");
    QStringList broken;
    for (const Include& include : includes) {
        if (const QString rule = brokenRule(include); !rule.isEmpty())
            broken << include.text() + ": " + rule;
    }
    QVERIFY2(broken.isEmpty(), broken.join('\n').toUtf8());
}

void TestLayering::everyEngineFolderHasAPlaceInTheOrder()
{
    const QStringList folders = QDir(source().filePath("engine")).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    for (const QString& folder : folders)
        QVERIFY2(kEngineFolders.contains(folder), qPrintable("engine/" + folder + " is not in the order of STYLE.md"));

    QFile cmake(source().filePath("engine/CMakeLists.txt"));
    QVERIFY(cmake.open(QIODevice::ReadOnly));
    const QString words = QString::fromUtf8(cmake.readAll()).simplified();
    QVERIFY2(words.contains(kEngineFolders.join(' ')), "engine/CMakeLists.txt has another order");
}

void TestLayering::quotedIncludesNameFilesThatExist()
{
    QStringList missing;
    for (const QString folder : {"engine", "widgets", "app"}) {
        for (const Include& include : includesUnder(folder)) {
            const bool isOurs = include.target.startsWith("engine/") || include.target.startsWith("widgets/") || include.target.startsWith("app/");
            if (isOurs && !QFile::exists(source().filePath(include.target)))
                missing << include.text();
        }
    }
    QVERIFY2(missing.isEmpty(), missing.join('\n').toUtf8());
}

void TestLayering::aTurnedArrowIsSeen_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("line");
    QTest::addColumn<bool>("isBroken");
    QTest::newRow("ops uses nn") << "engine/ops/add/add.cpp" << "#include \"engine/nn/batch.h\"" << true;
    QTest::newRow("nn uses ops") << "engine/nn/batch.cpp" << "#include \"engine/ops/op_context.h\"" << false;
    QTest::newRow("same folder") << "engine/nn/batch.cpp" << "#include \"engine/nn/batch.h\"" << false;
    QTest::newRow("Qt in the engine") << "engine/core/error.cpp" << "#include <QString>" << true;
    QTest::newRow("Qt module in the engine") << "engine/core/error.cpp" << "#  include <QtCore/QString>" << true;
    QTest::newRow("widget in the engine") << "engine/api/engine.cpp" << "#include \"widgets/theme/theme.h\"" << true;
    QTest::newRow("engine in a widget") << "widgets/chats/chats.cpp" << "#include \"engine/core/error.h\"" << true;
    QTest::newRow("app in a widget") << "widgets/chats/chats.cpp" << "#include \"app/window.h\"" << true;
    QTest::newRow("store in the app") << "app/main.cpp" << "#include \"engine/store/database.h\"" << true;
    QTest::newRow("core in the app") << "app/main.cpp" << "#include \"engine/core/utf8.h\"" << true;
    QTest::newRow("errors in the app") << "app/main.cpp" << "#include \"engine/core/error.h\"" << false;
    QTest::newRow("api in the app") << "app/main.cpp" << "#include \"engine/api/engine.h\"" << false;
    QTest::newRow("plot library in the app") << "app/main.cpp" << "#include <qcustomplot.h>" << true;
    QTest::newRow("plot library in another widget") << "widgets/parts/toast.cpp" << "#include <qcustomplot.h>" << true;
    QTest::newRow("plot library in its place") << "widgets/plots/plot_canvas.h" << "#include <qcustomplot.h>" << false;
    QTest::newRow("a way round") << "app/main.cpp" << "#include \"../engine/core/utf8.h\"" << true;
}

void TestLayering::aTurnedArrowIsSeen()
{
    QFETCH(QString, file);
    QFETCH(QString, line);
    QFETCH(bool, isBroken);
    const auto includes = includesIn(line, file);
    QCOMPARE(includes.size(), 1);
    QCOMPARE(!brokenRule(includes.first()).isEmpty(), isBroken);
}

void TestLayering::everySourceFileBeginsWithItsLicense()
{
    QStringList without;
    for (const QString folder : {"engine", "widgets", "app", "tests", "installer", "cmake"}) {
        QDirIterator files(source().filePath(folder), {"*.h", "*.cpp", "*.cu", "*.cuh", "*.sh", "*.cmake", "CMakeLists.txt"}, QDir::Files,
                           QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QByteArray start = file.readLine() + file.readLine(); // a script's first line names its interpreter
            if (!start.contains("SPDX-License-Identifier: GPL-3.0-or-later"))
                without << source().relativeFilePath(file.fileName());
        }
    }
    QVERIFY2(without.isEmpty(), without.join('\n').toUtf8());
}

QTEST_GUILESS_MAIN(TestLayering)
#include "tst_layering.moc"
