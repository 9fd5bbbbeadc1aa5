// SPDX-License-Identifier: GPL-3.0-or-later
// installer/packages.txt against what CMake looks for: a library that somebody starts to use and nobody installs breaks the next
// bare machine, not this one.
#include <QDirIterator>
#include <QFile>
#include <QMap>
#include <QRegularExpression>
#include <QTest>

namespace {

/// The Debian 12 package of what find_package or pkg_check_modules looks for; empty: comes with the compiler or CMake.
const QMap<QString, QString> kPackageOf = {
    {"CLI11", "libcli11-dev"},
    {"CUDAToolkit", ""}, // optional, never installed
    {"OpenSSL", "libssl-dev"},
    {"PkgConfig", "pkg-config"},
    {"Qt6 Core", "qt6-base-dev"},
    {"Qt6 DBus", "qt6-base-dev"},
    {"Qt6 Gui", "qt6-base-dev"},
    {"Qt6 LinguistTools", "qt6-tools-dev"},
    {"Qt6 Network", "qt6-base-dev"},
    {"Qt6 PrintSupport", "qt6-base-dev"},
    {"Qt6 Svg", "qt6-svg-dev"},
    {"Qt6 Test", "qt6-base-dev"},
    {"Qt6 Widgets", "qt6-base-dev"},
    {"QCustomPlotQt6", "libqcustomplot-dev"},
    {"SQLite3", "libsqlite3-dev"},
    {"Threads", ""},
    {"libpcre2-8", "libpcre2-dev"},
    {"libutf8proc", "libutf8proc-dev"},
    {"libzip", "libzip-dev"},
    {"nlohmann_json", "nlohmann-json3-dev"},
    {"poppler-cpp", "libpoppler-cpp-dev"},
    {"uchardet", "libuchardet-dev"},
};

QString read(const QString& relative)
{
    QFile file(QString(SY_SOURCE_DIR) + "/" + relative);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

struct Package {
    QString kind, name, reason;
};

QList<Package> packages()
{
    static const QRegularExpression row(R"(^(\S+)\s+(\S+)\s+(\S.*)$)");
    QList<Package> result;
    for (const QString& line : read("installer/packages.txt").split('\n')) {
        const auto match = row.match(line);
        if (!line.startsWith('#') && match.hasMatch())
            result.append({match.captured(1), match.captured(2), match.captured(3)});
    }
    return result;
}

QStringList cmakeFiles()
{
    QStringList files{"CMakeLists.txt"};
    for (const char* folder : {"app", "cmake", "engine", "tests", "translations", "widgets"}) {
        QDirIterator it(QString(SY_SOURCE_DIR) + "/" + folder, {"CMakeLists.txt", "*.cmake"}, QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext())
            files << QDir(SY_SOURCE_DIR).relativeFilePath(it.next());
    }
    return files;
}

/// "Qt6 Widgets" for a component, else the name.
QStringList lookedFor(const QString& cmake)
{
    static const QRegularExpression package(R"(find_package\(\s*(\w+)([^)]*)\))");
    static const QRegularExpression module(R"(pkg_check_modules\(\s*\w+([^)]*)\))");
    static const QRegularExpression option(R"(^([\d.]+|REQUIRED|QUIET|OPTIONAL|COMPONENTS|IMPORTED_TARGET|GLOBAL)$)");
    QStringList names;
    for (auto it = package.globalMatch(cmake); it.hasNext();) {
        const auto match = it.next();
        if (match.captured(1) != "Qt6") {
            names << match.captured(1);
            continue;
        }
        for (const QString& word : match.captured(2).simplified().split(' ', Qt::SkipEmptyParts)) {
            if (!option.match(word).hasMatch())
                names << "Qt6 " + word;
        }
    }
    for (auto it = module.globalMatch(cmake); it.hasNext();) {
        for (const QString& word : it.next().captured(1).simplified().split(' ', Qt::SkipEmptyParts)) {
            if (!option.match(word).hasMatch())
                names << word.section(QRegularExpression("[<>=]"), 0, 0);
        }
    }
    return names;
}

} // namespace

class TestPackages : public QObject {
    Q_OBJECT

private slots:
    void everyPackageHasAKindAndAReason();
    void whatCMakeLooksForIsInstalled();
    void theReadmeNamesEveryLibrary();
};

void TestPackages::everyPackageHasAKindAndAReason()
{
    QStringList names;
    for (const Package& package : packages()) {
        QVERIFY2(QStringList({"build", "run", "test", "fuzz"}).contains(package.kind), qPrintable(package.kind));
        QVERIFY2(!names.contains(package.name), qPrintable(package.name + " is listed twice"));
        names << package.name;
    }
    QVERIFY(names.size() > 20);
    const auto lines = read("installer/packages.txt").split('\n').filter(QRegularExpression("^[^#]"));
    QCOMPARE(lines.size(), names.size()); // no row was misread
}

void TestPackages::whatCMakeLooksForIsInstalled()
{
    QStringList installed;
    for (const Package& package : packages())
        installed << package.name;
    QSet<QString> found;
    for (const QString& file : cmakeFiles()) {
        for (const QString& name : lookedFor(read(file))) {
            found << name;
            QVERIFY2(kPackageOf.contains(name), qPrintable(file + " looks for " + name + ": add its Debian package here and in packages.txt"));
            const QString package = kPackageOf[name];
            QVERIFY2(package.isEmpty() || installed.contains(package), qPrintable(name + " needs " + package));
        }
    }
    QVERIFY2(found.contains("poppler-cpp") && found.contains("Qt6 Widgets") && found.contains("CLI11"), "the search found too little");
}

void TestPackages::theReadmeNamesEveryLibrary()
{
    const QString readme = read("README.md");
    for (const Package& package : packages()) {
        if (package.kind == "build" && package.name.startsWith("lib"))
            QVERIFY2(readme.contains("`" + package.name + "`"), qPrintable("the README's table of dependencies lacks " + package.name));
    }
}

QTEST_GUILESS_MAIN(TestPackages)
#include "tst_packages.moc"
