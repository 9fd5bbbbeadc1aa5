// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/run_fields.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLocale>
#include <QStringList>
#include <algorithm>
#include <cmath>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(RunFields)
public:
    static QString rank() { return tr("Rank"); }
    static QString rankHelp() { return tr("How much the adapter can learn; more takes more memory and time."); }
    static QString rate() { return tr("Learning rate"); }
    static QString rateHelp() { return tr("How far each step goes; too high and the loss jumps, too low and it hardly falls. A whole model wants a tenth of an adapter's."); }
    static QString epochs() { return tr("Epochs"); }
    static QString epochsHelp() { return tr("How often every example is seen."); }
    static QString context() { return tr("Context length"); }
    static QString contextHelp() { return tr("Longest example; longer ones are left out, and shorter contexts take less memory."); }
    static QString tokens() { return tr("tokens"); }
    static QString method() { return tr("Method"); }
    static QString methodHelp() { return tr("LoRA is the usual adapter; rsLoRA suits high ranks, DoRA also trains the length of each row and is slower. The whole model suits small ones in F32, F16 or BF16; it takes about 16 bytes for each parameter."); }
    static QString initial() { return tr("Begin with"); }
    static QString initialHelp() { return tr("Random numbers make a new model of the same shape and vocabulary; what the old one knew is gone, and it takes very much text."); }
    static QString stateBits() { return tr("Optimizer state"); }
    static QString stateBitsHelp() { return tr("The two numbers that the optimizer keeps for each trained one; 8 bits take a quarter of their memory."); }
    static QString alpha() { return tr("Alpha"); }
    static QString alphaHelp() { return tr("Scales the adapter: its effect is alpha divided by the rank."); }
    static QString targets() { return tr("Targets"); }
    static QString targetsHelp() { return tr("Which matrices of the model get an adapter."); }
    static QString experts() { return tr("Experts"); }
    static QString expertsHelp() { return tr("Of a mixture: all of the targets' experts, or only those that the examples use most; with the targets “Experts only” this is ESFT."); }
    static QString expertShare() { return tr("Share they cover"); }
    static QString expertShareHelp() { return tr("The fewest experts are taken whose tokens or weight come to this; 0 is 0.2 of the tokens, or 0.1 of the weight."); }
    static QString dropout() { return tr("Dropout"); }
    static QString dropoutHelp() { return tr("Share of the adapter's inputs left out at random, against learning by heart."); }
    static QString sequences() { return tr("Examples per step"); }
    static QString sequencesHelp() { return tr("More make each step steadier and slower."); }
    static QString examples() { return tr("examples"); }
    static QString micro() { return tr("Computed at a time"); }
    static QString microHelp() { return tr("Of a step's examples; more can be faster and takes more memory."); }
    static QString packing() { return tr("Packing"); }
    static QString packingHelp() { return tr("Puts short examples together in one context; they do not see each other."); }
    static QString maxSteps() { return tr("Most steps"); }
    static QString maxStepsHelp() { return tr("Ends the run early; 0 goes through all epochs."); }
    static QString steps() { return tr("steps"); }
    static QString schedule() { return tr("Schedule"); }
    static QString scheduleHelp() { return tr("How the learning rate falls after the warm-up."); }
    static QString finalShare() { return tr("Rate at the end"); }
    static QString finalShareHelp() { return tr("Share of the learning rate that is left at the last step."); }
    static QString warmup() { return tr("Warm-up"); }
    static QString warmupHelp() { return tr("Steps in which the learning rate rises from zero."); }
    static QString decay() { return tr("Weight decay"); }
    static QString decayHelp() { return tr("Pulls the trained numbers towards zero a little in every step."); }
    static QString clip() { return tr("Gradient limit"); }
    static QString clipHelp() { return tr("Steps with a longer gradient are shortened to this."); }
    static QString checkpointing() { return tr("Save memory"); }
    static QString checkpointingHelp() { return tr("Computes parts of the way forward again instead of keeping them: less memory, somewhat slower."); }
    static QString fraction() { return tr("Held out"); }
    static QString fractionHelp() { return tr("Share of the examples that is not trained but used to see whether the model learns by heart."); }
    static QString evalEvery() { return tr("Evaluate every"); }
    static QString evalEveryHelp() { return tr("Measures the loss on the held-out examples after so many steps."); }
    static QString saveEvery() { return tr("Checkpoint every"); }
    static QString saveEveryHelp() { return tr("A run that is cut off goes on from its last checkpoint."); }
    static QString keep() { return tr("Checkpoints kept"); }
    static QString keepHelp() { return tr("Older ones are deleted."); }
    static QString sampleEvery() { return tr("Sample every"); }
    static QString sampleEveryHelp() { return tr("Answers the prompts below with what has been learned after so many steps."); }
    static QString prompts() { return tr("Sample prompts"); }
    static QString promptsHelp() { return tr("One per line; their answers show how the model changes."); }
    static QString sampleTokens() { return tr("Longest sample"); }
    static QString sampleTokensHelp() { return tr("A sample ends after so many tokens."); }
    static QString seed() { return tr("Seed"); }
    static QString seedHelp() { return tr("The same seed, data and settings give the same result, to the bit."); }
    static QString choice(const QString& path, const QString& value);
    static QString objective(const QString& value);
    static QString ranks() { return tr("Rank by matrix"); }
    static QString alphas() { return tr("Alpha by matrix"); }
    static QString yes() { return tr("yes"); }
    static QString no() { return tr("no"); }
    static QString notSet() { return tr("not set"); }
    static QString range(const QString& standard, const QString& least, const QString& most) { return tr("Default %1; %2 to %3.").arg(standard, least, most); }
    static QString standard(const QString& value) { return tr("Default: %1.").arg(value); }
};

constexpr const char* kMethods[] = {"lora", "rslora", "lora+", "dora", "full"};
constexpr const char* kInitials[] = {"", "random"};
constexpr const char* kStateBits[] = {"32", "8"};
constexpr const char* kTargets[] = {"all-linear", "attention", "attention+shared-experts", "experts"};
constexpr const char* kExperts[] = {"all", "token", "gate"};
constexpr const char* kSchedules[] = {"cosine", "linear", "constant"};

using Kind = RunField::Kind;
using Of = RunField::Of;

constexpr RunField kFields[] = {
    {"adapter.method", Kind::Choice, Words::method, Words::methodHelp, nullptr, 0, 0, 1, false, "--method", kMethods},
    {"adapter.initial", Kind::Choice, Words::initial, Words::initialHelp, nullptr, 0, 0, 1, false, nullptr, kInitials, true, Of::Whole},
    {"adapter.rank", Kind::Whole, Words::rank, Words::rankHelp, nullptr, 1, 4096, 8, false, "--rank", {}, false, Of::Adapter},
    {"optimizer.learningRate", Kind::Power, Words::rate, Words::rateHelp, nullptr, 1e-7, 1, 2, false, "--learning-rate"},
    {"epochs", Kind::Whole, Words::epochs, Words::epochsHelp, nullptr, 1, 10000, 1, false, "--epochs"},
    {"batch.contextLength", Kind::Whole, Words::context, Words::contextHelp, Words::tokens, 16, 1 << 20, 256, false, "--context"},
    {"adapter.alpha", Kind::Real, Words::alpha, Words::alphaHelp, nullptr, 0.01, 10000, 8, true, "--alpha", {}, false, Of::Adapter},
    {"adapter.targets", Kind::Choice, Words::targets, Words::targetsHelp, nullptr, 0, 0, 1, true, "--targets", kTargets, false, Of::Adapter},
    {"adapter.experts", Kind::Choice, Words::experts, Words::expertsHelp, nullptr, 0, 0, 1, true, "--experts", kExperts, false, Of::Adapter},
    {"adapter.expertShare", Kind::Real, Words::expertShare, Words::expertShareHelp, nullptr, 0, 1, 0.05, true, "--expert-share", {}, true, Of::Adapter},
    {"adapter.dropout", Kind::Real, Words::dropout, Words::dropoutHelp, nullptr, 0, 0.9, 0.05, true, nullptr, {}, false, Of::Adapter},
    {"batch.sequences", Kind::Whole, Words::sequences, Words::sequencesHelp, Words::examples, 1, 4096, 1, true, "--sequences"},
    {"batch.microSequences", Kind::Whole, Words::micro, Words::microHelp, Words::examples, 1, 4096, 1, true},
    {"batch.packing", Kind::Flag, Words::packing, Words::packingHelp, nullptr},
    {"maxSteps", Kind::Whole, Words::maxSteps, Words::maxStepsHelp, Words::steps, 0, 1e9, 50, true, "--max-steps", {}, true},
    {"optimizer.schedule", Kind::Choice, Words::schedule, Words::scheduleHelp, nullptr, 0, 0, 1, true, nullptr, kSchedules},
    {"optimizer.finalShare", Kind::Real, Words::finalShare, Words::finalShareHelp, nullptr, 0, 1, 0.05},
    {"optimizer.warmupSteps", Kind::Whole, Words::warmup, Words::warmupHelp, Words::steps, 0, 1e6, 5},
    {"optimizer.weightDecay", Kind::Real, Words::decay, Words::decayHelp, nullptr, 0, 1, 0.01},
    {"optimizer.clipNorm", Kind::Real, Words::clip, Words::clipHelp, nullptr, 0.001, 1e6, 0.1},
    {"optimizer.stateBits", Kind::Choice, Words::stateBits, Words::stateBitsHelp, nullptr, 0, 0, 1, true, nullptr, kStateBits},
    {"activationCheckpointing", Kind::Flag, Words::checkpointing, Words::checkpointingHelp, nullptr},
    {"evaluation.fraction", Kind::Real, Words::fraction, Words::fractionHelp, nullptr, 0, 0.5, 0.01},
    {"evaluation.everySteps", Kind::Whole, Words::evalEvery, Words::evalEveryHelp, Words::steps, 1, 1e6, 10},
    {"checkpoint.everySteps", Kind::Whole, Words::saveEvery, Words::saveEveryHelp, Words::steps, 1, 1e6, 10},
    {"checkpoint.keep", Kind::Whole, Words::keep, Words::keepHelp, nullptr, 2, 1000, 1},
    {"samples.everySteps", Kind::Whole, Words::sampleEvery, Words::sampleEveryHelp, Words::steps, 1, 1e6, 10},
    {"samples.maxTokens", Kind::Whole, Words::sampleTokens, Words::sampleTokensHelp, Words::tokens, 1, 4096, 16},
    {"samples.prompts", Kind::Lines, Words::prompts, Words::promptsHelp, nullptr},
    {"seed", Kind::Whole, Words::seed, Words::seedHelp, nullptr, 0, 2147483647, 1, true, "--seed"},
};

QString Words::choice(const QString& path, const QString& value)
{
    if (path == QLatin1String("adapter.method"))
        return value == QLatin1String("lora") ? QStringLiteral("LoRA") : value == QLatin1String("rslora") ? QStringLiteral("rsLoRA") : value == QLatin1String("lora+") ? QStringLiteral("LoRA+") : value == QLatin1String("dora") ? QStringLiteral("DoRA") : value == QLatin1String("full") ? tr("The whole model") : value;
    if (path == QLatin1String("adapter.initial"))
        return value.isEmpty() ? tr("The model as it is") : value == QLatin1String("random") ? tr("Random numbers") : value;
    if (path == QLatin1String("adapter.experts"))
        return value == QLatin1String("all") ? tr("All") : value == QLatin1String("token") ? tr("Most chosen") : value == QLatin1String("gate") ? tr("Most weight") : value;
    if (path == QLatin1String("optimizer.stateBits"))
        return tr("%1 bits").arg(value);
    if (value == QLatin1String("all-linear"))
        return tr("All linear layers");
    if (value == QLatin1String("attention"))
        return tr("Attention only");
    if (value == QLatin1String("attention+shared-experts"))
        return tr("Attention and shared experts");
    if (value == QLatin1String("experts"))
        return tr("Experts only");
    if (value == QLatin1String("cosine"))
        return tr("Cosine");
    if (value == QLatin1String("linear"))
        return tr("Linear");
    if (value == QLatin1String("constant"))
        return tr("Constant");
    return value;
}

QString Words::objective(const QString& value)
{
    if (value == QLatin1String("sft"))
        return tr("Answer as in the examples (SFT)");
    if (value == QLatin1String("pretrain"))
        return tr("Continue texts like these (pretraining)");
    if (value == QLatin1String("dpo"))
        return tr("Prefer the better of two answers (DPO)");
    if (value == QLatin1String("orpo"))
        return tr("Prefer and learn the better of two answers (ORPO)");
    return value;
}

void flatten(const QJsonObject& object, const QString& prefix, QList<std::pair<QString, QJsonValue>>& out)
{
    for (auto it = object.begin(); it != object.end(); ++it) {
        const QString path = prefix + it.key();
        if (it->isObject() && !path.endsWith(QLatin1String("Pattern"))) // those have names of matrices as keys
            flatten(it->toObject(), path + QLatin1Char('.'), out);
        else
            out.push_back({path, *it});
    }
}

QString number(double value)
{
    const QLocale locale;
    if (value != 0 && std::abs(value) < 0.001)
        return QString::number(value, 'g', 6);
    return value == std::floor(value) ? locale.toString(qlonglong(value)) : locale.toString(value, 'g', 6);
}

/// For a shell: as it is where nothing is special in it, else between single quotes.
QString quoted(const QString& text)
{
    static const QString plain = QStringLiteral("-_./+:=@%,");
    const bool isPlain = !text.isEmpty() && std::all_of(text.cbegin(), text.cend(), [](QChar c) { return c.isLetterOrNumber() || plain.contains(c); });
    return isPlain ? text : QLatin1Char('\'') + QString(text).replace(QLatin1Char('\''), QLatin1String("'\\''")) + QLatin1Char('\'');
}

QString plainNumber(double value)
{
    return value == std::floor(value) && std::abs(value) < 1e15 ? QString::number(qlonglong(value)) : QString::number(value, 'g', 10);
}

} // namespace

std::span<const RunField> runFields()
{
    return kFields;
}

const RunField* findRunField(const QString& path)
{
    for (const RunField& field : kFields)
        if (path == QLatin1String(field.path))
            return &field;
    return nullptr;
}

QJsonValue valueAt(const QJsonObject& config, const QString& path)
{
    QJsonValue value = config;
    for (const QString& key : path.split(QLatin1Char('.'))) {
        if (!value.isObject())
            return QJsonValue(QJsonValue::Undefined);
        value = value.toObject().value(key);
    }
    return value;
}

void setValueAt(QJsonObject& config, const QString& path, const QJsonValue& value)
{
    const qsizetype dot = path.indexOf(QLatin1Char('.'));
    if (dot < 0) {
        config.insert(path, value);
        return;
    }
    QJsonObject inner = config.value(path.left(dot)).toObject();
    setValueAt(inner, path.mid(dot + 1), value);
    config.insert(path.left(dot), inner);
}

QList<std::pair<QString, QJsonValue>> flattened(const QJsonObject& config)
{
    QList<std::pair<QString, QJsonValue>> out;
    flatten(config, {}, out);
    return out;
}

QString choiceWord(const QString& path, const QString& value)
{
    return Words::choice(path, value);
}

QString objectiveWord(const QString& objective)
{
    return Words::objective(objective);
}

QString valueWord(const QString& path, const QJsonValue& value)
{
    if (value.isBool())
        return value.toBool() ? Words::yes() : Words::no();
    const RunField* field = findRunField(path);
    const bool isChoice = field && field->kind == Kind::Choice;
    if (value.isDouble())
        return isChoice ? Words::choice(path, number(value.toDouble())) : number(value.toDouble());
    if (value.isNull() && isChoice)
        return Words::choice(path, {});
    if (value.isNull() || value.isUndefined())
        return Words::notSet();
    if (value.isArray()) {
        QStringList parts;
        for (const QJsonValue& part : value.toArray())
            parts << (part.isObject() ? part.toObject().value(QLatin1String("path")).toString() : part.toString());
        return parts.isEmpty() ? Words::notSet() : parts.join(QStringLiteral(", "));
    }
    if (value.isObject()) { // a pattern's values
        QStringList parts;
        const QJsonObject object = value.toObject();
        for (auto it = object.begin(); it != object.end(); ++it)
            parts << QStringLiteral("%1: %2").arg(it.key(), number(it->toDouble()));
        return parts.isEmpty() ? Words::notSet() : parts.join(QStringLiteral(", "));
    }
    return path == QLatin1String("objective") ? Words::objective(value.toString()) : Words::choice(path, value.toString());
}

QString fieldWord(const QString& path)
{
    const RunField* field = findRunField(path);
    return field ? field->label() : path == QLatin1String("adapter.rankPattern") ? Words::ranks() : path == QLatin1String("adapter.alphaPattern") ? Words::alphas() : path;
}

QString fieldRange(const RunField& field, const QJsonValue& standard)
{
    const QString word = valueWord(QString::fromLatin1(field.path), standard);
    switch (field.kind) {
    case Kind::Whole:
    case Kind::Real:
    case Kind::Power: return Words::range(standard.isNull() ? number(field.least) : word, number(field.least), number(field.most));
    case Kind::Flag:
    case Kind::Choice: return Words::standard(word);
    case Kind::Text:
    case Kind::Lines: break;
    }
    return {};
}

bool isWhole(const QJsonObject& config)
{
    return valueAt(config, QStringLiteral("adapter.method")) == QLatin1String("full");
}

QString runCommand(const QJsonObject& config, const QJsonObject& defaults)
{
    QStringList parts{QStringLiteral("switchyard finetune")};
    QJsonObject rest; // without an option
    parts << QStringLiteral("--model ") + quoted(config.value(QLatin1String("model")).toString());
    bool hasPlainData = true;
    const QJsonArray data = config.value(QLatin1String("data")).toArray();
    for (const QJsonValue& file : data)
        hasPlainData = hasPlainData && file.toObject().value(QLatin1String("format")).toString(QStringLiteral("auto")) == QLatin1String("auto")
                       && file.toObject().value(QLatin1String("mapping")).toObject().isEmpty();
    if (hasPlainData)
        for (const QJsonValue& file : data)
            parts << QStringLiteral("--examples ") + quoted(file.toObject().value(QLatin1String("path")).toString());
    else
        rest.insert(QStringLiteral("data"), data);
    if (const QString name = config.value(QLatin1String("name")).toString(); name != defaults.value(QLatin1String("name")).toString() && !name.isEmpty())
        parts << QStringLiteral("--name ") + quoted(name);
    for (const auto& [path, value] : flattened(config)) {
        if (path == QLatin1String("name") || path == QLatin1String("model") || path == QLatin1String("data") || value == valueAt(defaults, path))
            continue;
        const RunField* field = findRunField(path);
        const char* option = path == QLatin1String("objective") ? "--objective" : field ? field->option : nullptr;
        if (option && !value.isArray() && !value.isObject())
            parts << QStringLiteral("%1 %2").arg(QLatin1String(option), value.isDouble() ? plainNumber(value.toDouble()) : quoted(value.toString()));
        else
            setValueAt(rest, path, value);
    }
    QString command;
    if (!rest.isEmpty())
        parts << QStringLiteral("--config - <<'END'");
    command = parts.join(QStringLiteral(" \\\n  "));
    if (!rest.isEmpty())
        command += QLatin1Char('\n') + QString::fromUtf8(QJsonDocument(rest).toJson()).trimmed() + QStringLiteral("\nEND");
    return command;
}

} // namespace sy::app
