// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/messages/engine_words.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace sy::app {

namespace {

/// %1 and %2 stand for what varies. An earlier one that fits wins.
constexpr const char* kSentences[] = {
    QT_TRANSLATE_NOOP("EngineWords", "The file made the reader fail (%1)."),
    QT_TRANSLATE_NOOP("EngineWords", "it took too long"),
    QT_TRANSLATE_NOOP("EngineWords", "it crashed: %1"),
    QT_TRANSLATE_NOOP("EngineWords", "it was killed, perhaps for want of memory"),
    QT_TRANSLATE_NOOP("EngineWords", "it ended early, perhaps for want of memory"),
    QT_TRANSLATE_NOOP("EngineWords", "it gave an answer that makes no sense"),
    QT_TRANSLATE_NOOP("EngineWords", "This is not a text file: %1."),
    QT_TRANSLATE_NOOP("EngineWords", "it holds binary data"),
    QT_TRANSLATE_NOOP("EngineWords", "The file is empty."),
    QT_TRANSLATE_NOOP("EngineWords", "The file is too long: only its first %1 MB were read."),
    QT_TRANSLATE_NOOP("EngineWords", "The file is damaged in %1 place, where its bytes are no %2 text; the rest was read."),
    QT_TRANSLATE_NOOP("EngineWords", "The file is damaged in %1 places, where its bytes are no %2 text; the rest was read."),
    QT_TRANSLATE_NOOP("EngineWords", "The password does not open this file."),
    QT_TRANSLATE_NOOP("EngineWords", "This file is protected: it opens with a password only."),
    QT_TRANSLATE_NOOP("EngineWords", "This file is encrypted in a way that cannot be read, for example for the holder of a certificate."),
    QT_TRANSLATE_NOOP("EngineWords", "This is no PDF file, or it is damaged so badly that no page can be found."),
    QT_TRANSLATE_NOOP("EngineWords", "The file is damaged: it has no pages that can be read."),
    QT_TRANSLATE_NOOP("EngineWords", "Chinese, Japanese or Korean text could not be read because the package poppler-data is missing; install it and index the file again."),
    QT_TRANSLATE_NOOP("EngineWords", "No page of the file could be read: it is damaged."),
    QT_TRANSLATE_NOOP("EngineWords", "The file has no text: its pages are images or empty. Scanned pages need OCR (text recognition)."),
    QT_TRANSLATE_NOOP("EngineWords", "The text of this file is stored with unknown characters and comes out garbled: it needs OCR (text recognition)."),
    QT_TRANSLATE_NOOP("EngineWords", "Page %1 could not be read: the file is damaged there."),
    QT_TRANSLATE_NOOP("EngineWords", "Pages %1 could not be read: the file is damaged there."),
    QT_TRANSLATE_NOOP("EngineWords", "Page %1 has text with unknown characters, which comes out garbled."),
    QT_TRANSLATE_NOOP("EngineWords", "Pages %1 have text with unknown characters, which comes out garbled."),
    QT_TRANSLATE_NOOP("EngineWords", "Page %1 has an image instead of text and would need OCR."),
    QT_TRANSLATE_NOOP("EngineWords", "Pages %1 have an image instead of text and would need OCR."),
    QT_TRANSLATE_NOOP("EngineWords", "The file is very long: only its first %1 pages were read."),
    QT_TRANSLATE_NOOP("EngineWords", "There is no reader for this kind of file. Save it as PDF, text or Markdown and add that."),
    QT_TRANSLATE_NOOP("EngineWords", "The file cannot be read: %1. Check that it is there and that you may read it."),
    QT_TRANSLATE_NOOP("EngineWords", "There is no text in the file."),
    QT_TRANSLATE_NOOP("EngineWords", "the folder cannot be read: %1"),
    QT_TRANSLATE_NOOP("EngineWords", "no text could be read"),
    QT_TRANSLATE_NOOP("EngineWords", "this is no GGUF file: it does not start with the letters GGUF"),
    QT_TRANSLATE_NOOP("EngineWords", "tensor %1 ends past the end of the file"),
    QT_TRANSLATE_NOOP("EngineWords", "the file ends inside %1"),
    QT_TRANSLATE_NOOP("EngineWords", "tensor %1 is missing"),
    QT_TRANSLATE_NOOP("EngineWords", "tensor %1 occurs twice"),
    QT_TRANSLATE_NOOP("EngineWords", "this version runs %1"),
    QT_TRANSLATE_NOOP("EngineWords", "this version knows no such type"),
    QT_TRANSLATE_NOOP("EngineWords", "the model architecture \"%1\""),
    QT_TRANSLATE_NOOP("EngineWords", "it has neither model.safetensors nor model.safetensors.index.json"),
    QT_TRANSLATE_NOOP("EngineWords", "it is a GGUF file in big-endian byte order, for other processors"),
    QT_TRANSLATE_NOOP("EngineWords", "a run that needs %1 GB where %2 GB are free"),
    QT_TRANSLATE_NOOP("EngineWords", "it would fit with %1"),
    QT_TRANSLATE_NOOP("EngineWords", "a smaller model, or a smaller quantization of it, may fit"),
    QT_TRANSLATE_NOOP("EngineWords", "training the run %1"),
    QT_TRANSLATE_NOOP("EngineWords", "removing the run %1"),
    QT_TRANSLATE_NOOP("EngineWords", "it is being trained already"),
    QT_TRANSLATE_NOOP("EngineWords", "it is being trained"),
    QT_TRANSLATE_NOOP("EngineWords", "there is no such run"),
    QT_TRANSLATE_NOOP("EngineWords", "it is not there any more"),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 is no object"),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 is of no known format; its keys are %2"),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 has no text \"%2\""),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 has no list \"%2\""),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 has no column \"%2\""),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 has %2 columns, which is not what the first one has"),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 has a quote that does not end"),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 has a message without a role and a text"),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 has a turn without \"from\" and \"value\""),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 has a turn of the role \"%2\""),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 is a preference, which the objectives dpo and orpo learn from"),
    QT_TRANSLATE_NOOP("EngineWords", "row %1 is no preference, which this objective learns from"),
    QT_TRANSLATE_NOOP("EngineWords", "nothing would be learned: of %1 rows"),
    QT_TRANSLATE_NOOP("EngineWords", "%1 are longer than %2 tokens,"),
    QT_TRANSLATE_NOOP("EngineWords", "%1 have no trained token and"),
    QT_TRANSLATE_NOOP("EngineWords", "%1 are held out"),
    QT_TRANSLATE_NOOP("EngineWords", "is no list of rows"),
    QT_TRANSLATE_NOOP("EngineWords", "holds one object with several lists, not a list of rows"),
    QT_TRANSLATE_NOOP("EngineWords", "is no text in a known encoding"),
    QT_TRANSLATE_NOOP("EngineWords", "training a conversation"),
    QT_TRANSLATE_NOOP("EngineWords", "the model has no chat template"),
    QT_TRANSLATE_NOOP("EngineWords", "training plain text"),
    QT_TRANSLATE_NOOP("EngineWords", "answering a prompt"),
    QT_TRANSLATE_NOOP("EngineWords", "the model has no tokenizer"),
    QT_TRANSLATE_NOOP("EngineWords", "the adapter target \"%1\""),
    QT_TRANSLATE_NOOP("EngineWords", "the model \"%1\" has no such matrix to adapt"),
    QT_TRANSLATE_NOOP("EngineWords", "DoRA on %1"),
    QT_TRANSLATE_NOOP("EngineWords", "this version scales the rows of whole matrices only"),
    QT_TRANSLATE_NOOP("EngineWords", "training a model of the architecture \"%1\""),
    QT_TRANSLATE_NOOP("EngineWords", "this version trains decoders"),
    QT_TRANSLATE_NOOP("EngineWords", "training an embedding model"),
    QT_TRANSLATE_NOOP("EngineWords", "this version trains models that predict the next token"),
    QT_TRANSLATE_NOOP("EngineWords", "recurrent, gated and sparse attention have no gradient in this version"),
    QT_TRANSLATE_NOOP("EngineWords", "going on from %1"),
    QT_TRANSLATE_NOOP("EngineWords", "the training data has changed since"),
    QT_TRANSLATE_NOOP("EngineWords", "the model has changed since"),
};

QString translated(const char* english)
{
    return QCoreApplication::translate("EngineWords", english);
}

// "3, 7 to 9 and 12 more", or a reason of its own.
QString partInWords(const QString& part)
{
    static const QRegularExpression pages(QStringLiteral("^\\d+(?:, \\d+| to \\d+)*(?: and (\\d+) more)?$"));
    const QRegularExpressionMatch match = pages.match(part);
    if (!match.hasMatch())
        return engineWords(part.toStdString());
    const auto joiner = [](const char* both) { return translated(both).arg(QString(), QString()); };
    QString list = part;
    if (match.hasCaptured(1))
        list.truncate(part.lastIndexOf(QLatin1String(" and ")));
    list.replace(QLatin1String(", "), joiner(QT_TRANSLATE_NOOP("EngineWords", "%1, %2")));
    list.replace(QLatin1String(" to "), joiner(QT_TRANSLATE_NOOP("EngineWords", "%1 to %2")));
    return match.hasCaptured(1) ? translated(QT_TRANSLATE_NOOP("EngineWords", "%1 and %2 more")).arg(list, match.captured(1)) : list;
}

// The sentence at the start of the text and what is left of it; false when it is none of the table's.
bool takeSentence(const char* english, QString& text, QString& words)
{
    QString pattern = QRegularExpression::escape(QString::fromUtf8(english));
    for (const char* place : {"\\%1", "\\%2"})
        pattern.replace(QLatin1String(place), QLatin1String("(.+?)"));
    const QRegularExpressionMatch match =
        QRegularExpression(QLatin1Char('^') + pattern + QLatin1String("(?: |$)"), QRegularExpression::DotMatchesEverythingOption).match(text);
    if (!match.hasMatch())
        return false;
    words = translated(english);
    for (int i = 1; i <= match.lastCapturedIndex(); ++i)
        words.replace(QLatin1Char('%') + QString::number(i), partInWords(match.captured(i)));
    text.remove(0, match.capturedLength());
    return true;
}

} // namespace

QString engineWords(const std::string& english)
{
    QString text = QString::fromStdString(english), out, words;
    const auto take = [&] {
        for (const char* sentence : kSentences)
            if (takeSentence(sentence, text, words))
                return true;
        return false;
    };
    while (!text.isEmpty() && take()) {
        const bool needsSpace = !out.isEmpty() && out.back().unicode() < 0x2000; // none behind a Chinese full stop
        out += (needsSpace ? QStringLiteral(" ") : QString()) + words;
    }
    return out + (out.isEmpty() || text.isEmpty() ? QString() : QStringLiteral(" ")) + text;
}

} // namespace sy::app
