// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the built program as a script would: with arguments, stdin and a data folder of its own.
#pragma once

#include <QProcess>
#include <QProcessEnvironment>
#include <QTemporaryDir>
#include <QTest>
#include <nlohmann/json.hpp>

#include <csignal>
#include <memory>
#include <vector>

namespace sy::test {

struct Outcome {
    int status = -1; // 128 + signal after a crash
    QByteArray out, err;

    nlohmann::ordered_json json() const { return nlohmann::ordered_json::parse(out.begin(), out.end(), nullptr, false); }
    std::vector<nlohmann::ordered_json> lines() const
    {
        std::vector<nlohmann::ordered_json> rows;
        for (const QByteArray& line : out.trimmed().split('\n')) {
            if (!line.isEmpty())
                rows.push_back(nlohmann::ordered_json::parse(line.begin(), line.end(), nullptr, false));
        }
        return rows;
    }
};

class Program {
public:
    static constexpr int kPatienceMs = 120'000;

    QString path(const QString& relative) const { return m_folder.filePath(relative); }

    void write(const QString& relative, const QByteArray& contents) const
    {
        QDir().mkpath(QFileInfo(path(relative)).path());
        QFile file(path(relative));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(contents);
    }

    std::unique_ptr<QProcess> start(const QStringList& arguments) const
    {
        auto process = std::make_unique<QProcess>();
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("XDG_DATA_HOME", path("share"));
        process->setProcessEnvironment(environment);
        process->setWorkingDirectory(m_folder.path());
        process->start(SY_PROGRAM, arguments);
        return process;
    }

    static Outcome finish(QProcess& process)
    {
        Outcome outcome;
        if (!process.waitForFinished(kPatienceMs)) {
            process.kill();
            process.waitForFinished();
            outcome.err = "ran out of time";
            return outcome;
        }
        outcome.status = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : 128 + process.exitCode();
        outcome.out = process.readAllStandardOutput();
        outcome.err += process.readAllStandardError();
        return outcome;
    }

    Outcome run(const QStringList& arguments, const QByteArray& input = {}) const
    {
        const auto process = start(arguments);
        process->write(input);
        process->closeWriteChannel();
        return finish(*process);
    }

    /// Presses Ctrl-C.
    static Outcome interrupt(QProcess& process)
    {
        ::kill(pid_t(process.processId()), SIGINT);
        return finish(process);
    }

private:
    QTemporaryDir m_folder;
};

inline QStringList keysOf(const nlohmann::ordered_json& object)
{
    QStringList keys;
    for (const auto& [key, value] : object.items())
        keys << QString::fromStdString(key);
    return keys;
}

/// The keys that CLI.md promises are there; more may be.
inline bool hasKeys(const nlohmann::ordered_json& object, const QStringList& promised)
{
    if (!object.is_object())
        return false;
    const QStringList keys = keysOf(object);
    return std::all_of(promised.begin(), promised.end(), [&](const QString& key) { return keys.contains(key); });
}

} // namespace sy::test
