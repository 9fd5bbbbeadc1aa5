// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/messages/engine_words.h"

#include <QCoreApplication>
#include <QRegularExpression>

namespace sy::app {

namespace {

/// %1, %2 and %3 stand for what varies. An earlier one that fits wins. What does not end with a full stop is all there is.
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
    QT_TRANSLATE_NOOP("EngineWords", "%1 as a draft model for %2"),
    QT_TRANSLATE_NOOP("EngineWords", "it is not smaller than the model"),
    QT_TRANSLATE_NOOP("EngineWords", "an embedding model writes no text; both are chat models"),
    QT_TRANSLATE_NOOP("EngineWords", "the cache of %1 (%2) keeps a window or a state and cannot take wrong guesses back; use it without a draft model"),
    QT_TRANSLATE_NOOP("EngineWords", "without a tokenizer in both files nobody knows whether their tokens mean the same"),
    QT_TRANSLATE_NOOP("EngineWords", "their vocabularies differ: %1; choose a smaller model of the same family"),
    QT_TRANSLATE_NOOP("EngineWords", "token %1 is %2 to the one and %3 to the other"),
    QT_TRANSLATE_NOOP("EngineWords", "the one has %1 tokens, the other %2"),
    QT_TRANSLATE_NOOP("EngineWords", "%1 is not supported: %2"),
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
    QT_TRANSLATE_NOOP("EngineWords", "its GGUF version is %1; versions 2 and 3 are read"),
    QT_TRANSLATE_NOOP("EngineWords", "the header claims %1 tensors"),
    QT_TRANSLATE_NOOP("EngineWords", "the header claims %1 metadata keys"),
    QT_TRANSLATE_NOOP("EngineWords", "metadata key %1 is missing"),
    QT_TRANSLATE_NOOP("EngineWords", "metadata key %1 is missing or empty"),
    QT_TRANSLATE_NOOP("EngineWords", "metadata key %1 occurs twice"),
    QT_TRANSLATE_NOOP("EngineWords", "metadata key %1 has a value of unknown type %2"),
    QT_TRANSLATE_NOOP("EngineWords", "metadata key %1 holds %2 where %3 is expected"),
    QT_TRANSLATE_NOOP("EngineWords", "tensor %1 has shape %2, but the model's hyperparameters ask for %3"),
    QT_TRANSLATE_NOOP("EngineWords", "tensor %1 is said to start at %2 of the data, where %3 is expected"),
    QT_TRANSLATE_NOOP("EngineWords", "tensor %1 has %2 dimensions"),
    QT_TRANSLATE_NOOP("EngineWords", "tensor %1 is larger than any file"),
    QT_TRANSLATE_NOOP("EngineWords", "this is one of %1 files of a split model, but its name does not end in %2"),
    QT_TRANSLATE_NOOP("EngineWords", "the parts of this split model hold %1 tensors, where %2 are expected"),
    QT_TRANSLATE_NOOP("EngineWords", "quantization type %1 of tensor %2"),
    QT_TRANSLATE_NOOP("EngineWords", "the format was removed from GGUF in 2024; convert the model again from its source"),
    QT_TRANSLATE_NOOP("EngineWords", "this interleaved layout was removed from GGUF; files with plain Q4_0 or IQ4_NL tensors hold the same weights"),
    QT_TRANSLATE_NOOP("EngineWords", "the format is for activations in memory and never for weights in a file"),
    QT_TRANSLATE_NOOP("EngineWords", "only ik_llama.cpp reads its own quantization types; quantize the model to a standard type"),
    QT_TRANSLATE_NOOP("EngineWords", "this version has no decoder for it"),
    QT_TRANSLATE_NOOP("EngineWords", "the model type \"%1\""),
    QT_TRANSLATE_NOOP("EngineWords", "this version reads folders of %1"),
    QT_TRANSLATE_NOOP("EngineWords", "the weights in %1"),
    QT_TRANSLATE_NOOP("EngineWords", "they are pickled PyTorch files, which can run code; use a version of the model in safetensors format"),
    QT_TRANSLATE_NOOP("EngineWords", "it has shards of weights but no model.safetensors.index.json"),
    QT_TRANSLATE_NOOP("EngineWords", "weights quantized by \"%1\""),
    QT_TRANSLATE_NOOP("EngineWords", "this version reads floats, FP8 with block scales and gpt-oss's MXFP4"),
    QT_TRANSLATE_NOOP("EngineWords", "the tokenizer in %1"),
    QT_TRANSLATE_NOOP("EngineWords", "tokenizer \"%1\""),
    QT_TRANSLATE_NOOP("EngineWords", "text with %1"),
    QT_TRANSLATE_NOOP("EngineWords", "the model has no tokenizer; it takes token ids only"),
    QT_TRANSLATE_NOOP("EngineWords", "It has no tokenizer and takes token ids only."),
    QT_TRANSLATE_NOOP("EngineWords", "It cannot chat: %1."),
    QT_TRANSLATE_NOOP("EngineWords", "it is a chat model and makes no embeddings; choose an embedding model"),
    QT_TRANSLATE_NOOP("EngineWords", "this format has no pages to draw; show its text instead"),
    QT_TRANSLATE_NOOP("EngineWords", "page %1 cannot be drawn"),
    QT_TRANSLATE_NOOP("EngineWords", "No such file or directory"),
    QT_TRANSLATE_NOOP("EngineWords", "Permission denied"),
    QT_TRANSLATE_NOOP("EngineWords", "No space left on device"),
    QT_TRANSLATE_NOOP("EngineWords", "Is a directory"),
    QT_TRANSLATE_NOOP("EngineWords", "Read-only file system"),
    QT_TRANSLATE_NOOP("EngineWords", "Input/output error"),
    QT_TRANSLATE_NOOP("EngineWords", "it is a folder"),
    QT_TRANSLATE_NOOP("EngineWords", "it is no regular file"),
    QT_TRANSLATE_NOOP("EngineWords", "its file is gone; import it again or remove it"),
    QT_TRANSLATE_NOOP("EngineWords", "the file is not there any more; put it back or remove it from the collection"),
    QT_TRANSLATE_NOOP("EngineWords", "pip is not installed; install the package python3-pip (apt-get install python3-pip) and run it again"),
    QT_TRANSLATE_NOOP("EngineWords", "another process is fetching it; wait until that has ended"),
    QT_TRANSLATE_NOOP("EngineWords", "%1 MB needed, %2 MB free; make room, or choose a data folder on another disk"),
    QT_TRANSLATE_NOOP("EngineWords", "this user may not write there"),
    QT_TRANSLATE_NOOP("EngineWords", "the disk is full; free some space and try again"),
    QT_TRANSLATE_NOOP("EngineWords", "no permission to write there; check the folder's permissions or choose another data folder"),
    QT_TRANSLATE_NOOP("EngineWords", "the file cannot be opened; check that the folder exists and may be written"),
    QT_TRANSLATE_NOOP("EngineWords", "another program has been writing to it for more than ten seconds; close it and try again"),
    QT_TRANSLATE_NOOP("EngineWords", "the file is damaged (%1); restore it from the backup beside it or move it away"),
    QT_TRANSLATE_NOOP("EngineWords", "the disk reported an error (%1); check the disk and the free space"),
    QT_TRANSLATE_NOOP("EngineWords", "opening"),
    QT_TRANSLATE_NOOP("EngineWords", "opening the file"),
    QT_TRANSLATE_NOOP("EngineWords", "opening the document"),
    QT_TRANSLATE_NOOP("EngineWords", "opening the model"),
    QT_TRANSLATE_NOOP("EngineWords", "opening the model %1"),
    QT_TRANSLATE_NOOP("EngineWords", "opening the collection"),
    QT_TRANSLATE_NOOP("EngineWords", "opening the database"),
    QT_TRANSLATE_NOOP("EngineWords", "reading"),
    QT_TRANSLATE_NOOP("EngineWords", "reading the file"),
    QT_TRANSLATE_NOOP("EngineWords", "mapping the file"),
    QT_TRANSLATE_NOOP("EngineWords", "writing the file"),
    QT_TRANSLATE_NOOP("EngineWords", "changing the database"),
    QT_TRANSLATE_NOOP("EngineWords", "reading or writing the database"),
    QT_TRANSLATE_NOOP("EngineWords", "removing the document"),
    QT_TRANSLATE_NOOP("EngineWords", "downloading"),
    QT_TRANSLATE_NOOP("EngineWords", "downloading the model"),
    QT_TRANSLATE_NOOP("EngineWords", "fetching the model"),
    QT_TRANSLATE_NOOP("EngineWords", "creating the folder"),
    QT_TRANSLATE_NOOP("EngineWords", "starting the document reader"),
    QT_TRANSLATE_NOOP("EngineWords", "a run that needs %1 GB where %2 GB are free"),
    QT_TRANSLATE_NOOP("EngineWords", "reading training data"),
    QT_TRANSLATE_NOOP("EngineWords", "making a folder for the run"),
    QT_TRANSLATE_NOOP("EngineWords", "making a folder for the adapter"),
    QT_TRANSLATE_NOOP("EngineWords", "locking the file"),
    QT_TRANSLATE_NOOP("EngineWords", "cutting the file"),
    QT_TRANSLATE_NOOP("EngineWords", "reading the run"),
    QT_TRANSLATE_NOOP("EngineWords", "bringing the run back"),
    QT_TRANSLATE_NOOP("EngineWords", "removing the adapter"),
    QT_TRANSLATE_NOOP("EngineWords", "bringing the adapter back"),
    QT_TRANSLATE_NOOP("EngineWords", "reading the adapter"),
    QT_TRANSLATE_NOOP("EngineWords", "reading the checkpoint"),
    QT_TRANSLATE_NOOP("EngineWords", "no space on the disk: %1 MB needed, %2 MB free"),
    QT_TRANSLATE_NOOP("EngineWords", "it has more than 64 MB, which would take days to measure on"),
    QT_TRANSLATE_NOOP("EngineWords", "the file is empty"),
    QT_TRANSLATE_NOOP("EngineWords", "merging the update of %1"),
    QT_TRANSLATE_NOOP("EngineWords", "the model's file keeps this matrix in parts"),
    QT_TRANSLATE_NOOP("EngineWords", "writing %1 as %2"),
    QT_TRANSLATE_NOOP("EngineWords", "this version has no encoder for it; choose Q8_0 or F16 for the merged matrices"),
    QT_TRANSLATE_NOOP("EngineWords", "an adapter for %1"),
    QT_TRANSLATE_NOOP("EngineWords", "the model is a %1"),
    QT_TRANSLATE_NOOP("EngineWords", "the update of %1 has factors %2, the model's matrix is %3"),
    QT_TRANSLATE_NOOP("EngineWords", "changing the adapter of the run %1"),
    QT_TRANSLATE_NOOP("EngineWords", "exporting the adapter %1 in another format"),
    QT_TRANSLATE_NOOP("EngineWords", "it does not say which model it is for"),
    QT_TRANSLATE_NOOP("EngineWords", "is no LoRA adapter: general.type and adapter.type say otherwise"),
    QT_TRANSLATE_NOOP("EngineWords", "is no checkpoint of this version"),
    QT_TRANSLATE_NOOP("EngineWords", "it would fit with %1"),
    QT_TRANSLATE_NOOP("EngineWords", "a smaller model, or a smaller quantization of it, may fit"),
    QT_TRANSLATE_NOOP("EngineWords", "training the run %1"),
    QT_TRANSLATE_NOOP("EngineWords", "removing the run %1"),
    QT_TRANSLATE_NOOP("EngineWords", "removing the run"),
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
    QT_TRANSLATE_NOOP("EngineWords", "it is no valid JSON: it holds a zero byte"),
    QT_TRANSLATE_NOOP("EngineWords", "it is no valid JSON: behind row %1 it neither goes on nor ends"),
    QT_TRANSLATE_NOOP("EngineWords", "it is no valid JSON: behind \"%1\" it neither goes on nor ends"),
    QT_TRANSLATE_NOOP("EngineWords", "it is no valid JSON: something follows its end"),
    QT_TRANSLATE_NOOP("EngineWords", "it is no valid JSON: a key and a colon are missing"),
    QT_TRANSLATE_NOOP("EngineWords", "it is no valid JSON: %1"),
    QT_TRANSLATE_NOOP("EngineWords", "its JSON cannot be used: %1"),
    QT_TRANSLATE_NOOP("EngineWords", "the JSON is nested more than %1 levels deep"),
    QT_TRANSLATE_NOOP("EngineWords", "the JSON has the key \"%1\" twice"),
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
    QT_TRANSLATE_NOOP("EngineWords", "choosing experts"),
    QT_TRANSLATE_NOOP("EngineWords", "the model \"%1\" has none"),
    QT_TRANSLATE_NOOP("EngineWords", "none of the targets has any"),
    QT_TRANSLATE_NOOP("EngineWords", "training a quantized model whole"),
    QT_TRANSLATE_NOOP("EngineWords", "tensor %1 is %2; take the original in F32, F16 or BF16, or train an adapter"),
    QT_TRANSLATE_NOOP("EngineWords", "training a model whole that has no tensor %1"),
    QT_TRANSLATE_NOOP("EngineWords", "its file joins matrices; this version trains adapters on it"),
    QT_TRANSLATE_NOOP("EngineWords", "training a model with residual streams whole"),
    QT_TRANSLATE_NOOP("EngineWords", "this version trains adapters on it"),
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
    for (const char* place : {"\\%1", "\\%2", "\\%3"})
        pattern.replace(QLatin1String(place), QLatin1String("(.+?)"));
    const QLatin1String end(english[qstrlen(english) - 1] == '.' ? "(?: |$)" : "$");
    const QRegularExpressionMatch match =
        QRegularExpression(QLatin1Char('^') + pattern + end, QRegularExpression::DotMatchesEverythingOption).match(text);
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
