// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/messages/user_message.h"

#include "app/messages/engine_words.h"
#include "engine/core/error.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QLocale>
#include <QRegularExpression>
#include <algorithm>
#include <cmath>

namespace sy::app {

namespace {

/// The context of the words for translators.
struct Words {
    Q_DECLARE_TR_FUNCTIONS(UserMessage)
public:
    static UserMessage of(const std::exception& error);
    static QString left(double seconds);
};

QString toQ(const std::string& text)
{
    return QString::fromStdString(text);
}

bool mentions(const std::string& text, std::initializer_list<const char*> words)
{
    for (const char* word : words)
        if (toQ(text).contains(QLatin1String(word), Qt::CaseInsensitive))
            return true;
    return false;
}

} // namespace

QString UserMessage::text() const
{
    if (detail.isEmpty() || remedy.isEmpty())
        return detail + remedy;
    return detail + (detail.endsWith(QChar(u'。')) ? QString() : QStringLiteral(" ")) + remedy;
}

QString asSentence(QString words)
{
    static const QRegularExpression plainWord(QStringLiteral("^[a-z]+[ ,]"));
    if (plainWord.match(words).hasMatch())
        words[0] = words[0].toUpper();
    if (words.endsWith(QLatin1Char('.')) || words.endsWith(QChar(u'。')))
        return words;
    const bool isChinese = std::any_of(words.cbegin(), words.cend(), [](QChar c) { return c.script() == QChar::Script_Han; });
    return words + (isChinese ? QStringLiteral("。") : QStringLiteral("."));
}

UserMessage describe(const std::exception& error)
{
    return Words::of(error);
}

UserMessage Words::of(const std::exception& error)
{
    const QString technical = QString::fromUtf8(error.what());
    if (const auto* e = dynamic_cast<const OutOfMemory*>(&error))
        return {tr("Not enough memory on %1").arg(toQ(e->device)),
                tr("%1 needed, %2 free.").arg(formatBytes(e->wantedBytes), formatBytes(e->availableBytes)),
                tr("Choose a smaller quantization, a shorter context, or unload the other model."), technical};
    if (const auto* e = dynamic_cast<const BadFile*>(&error)) {
        const QString name = QFileInfo(toQ(e->path)).fileName();
        const QString where = e->offset >= 0 ? tr(" (at byte %1)").arg(QLocale().toString(qlonglong(e->offset))) : QString();
        return {name.isEmpty() ? tr("The file is damaged") : tr("“%1” is damaged or not what it seems").arg(name),
                asSentence(engineWords(e->problem) + where),
                tr("Get the file again, or choose another one. The original was not changed."), technical};
    }
    if (const auto* e = dynamic_cast<const Unsupported*>(&error))
        return {tr("Not supported: %1").arg(engineWords(e->thing)), asSentence(engineWords(e->reason)),
                tr("The file itself is fine; this version cannot use it. Choose another model or format."), technical};
    if (const auto* e = dynamic_cast<const DeviceFailure*>(&error))
        return {tr("%1 failed").arg(toQ(e->device)), tr("While %1: %2.").arg(engineWords(e->doing), engineWords(e->detail)),
                tr("Restart the program; if it happens again, choose the CPU in the settings."), technical};
    if (const auto* e = dynamic_cast<const StorageFailure*>(&error)) {
        QString remedy = tr("Check that the file exists and may be read, then try again.");
        if (mentions(e->detail, {"no space", "disk full", "disk is full"}))
            remedy = tr("Free some disk space, then try again.");
        else if (mentions(e->detail, {"permission", "denied", "read-only", "readonly"}))
            remedy = tr("Change the permissions, or choose another data folder in the settings.");
        else if (mentions(e->detail, {"locked", "busy"}))
            remedy = tr("Another program uses the file. Close it, then try again.");
        else if (mentions(e->doing, {"download", "fetch", "pip"}))
            remedy = tr("Check the network connection, then try again: what was downloaded is kept.");
        if (mentions(e->detail, {"pip ended with status"})) // its own words are for whoever copies the details
            return {tr("The download did not work"), tr("%1 could not be fetched from the package index.").arg(toQ(e->path)), remedy, technical};
        return {tr("A file could not be used"), tr("%1: %2 (%3).").arg(toQ(e->path), engineWords(e->detail), engineWords(e->doing)), remedy, technical};
    }
    if (dynamic_cast<const Cancelled*>(&error))
        return {tr("Stopped"), {}, {}, technical};
    if (dynamic_cast<const std::bad_alloc*>(&error))
        return {tr("Not enough memory"), {}, tr("Close other programs or unload a model, then try again."), technical};
    if (dynamic_cast<const std::invalid_argument*>(&error) && mentions(error.what(), {"context"}))
        return {tr("The conversation does not fit the model’s context"), technical + QLatin1Char('.'),
                tr("Start a new chat, shorten the message, or load the model with a longer context."), technical};
    return {tr("Something went wrong"), technical + QLatin1Char('.'), tr("Try again; if it happens again, copy the details and report them."),
            technical};
}

QString formatBytes(quint64 bytes)
{
    return QLocale().formattedDataSize(qint64(bytes), bytes >= 1000u * 1000u ? 1 : 0, QLocale::DataSizeSIFormat);
}

QString formatSecondsLeft(double seconds)
{
    return seconds < 0 ? QString() : Words::left(seconds);
}

QString Words::left(double seconds)
{
    if (seconds < 60)
        return tr("about %n second(s) left", nullptr, std::max(1, int(std::lround(seconds))));
    if (seconds < 5400)
        return tr("about %n minute(s) left", nullptr, int(std::lround(seconds / 60)));
    return tr("about %n hour(s) left", nullptr, int(std::lround(seconds / 3600)));
}

} // namespace sy::app
