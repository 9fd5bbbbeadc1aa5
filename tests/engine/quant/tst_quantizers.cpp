// SPDX-License-Identifier: GPL-3.0-or-later
// Encoders: errors against the figures of the field's own encoder on Gaussian weights, what is representable comes back, odd rows do no
// harm; and which tensor gets which type.
#include "engine/quant/half.h"
#include "engine/quant/quant_table.h"
#include "engine/quant/recipe_table.h"
#include "engine/quant/weighted_pack.h"

#include <QTest>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace sy;
using namespace sy::quant;

namespace {

std::vector<uint8_t> packed(DType type, const std::vector<float>& values)
{
    std::vector<uint8_t> row(static_cast<size_t>(rowBytes(type, int64_t(values.size()))));
    packRow(type, values.data(), row.data(), int64_t(values.size()));
    return row;
}

std::vector<float> roundTrip(DType type, const std::vector<float>& values)
{
    std::vector<float> out(values.size());
    unpackRow(type, packed(type, values).data(), out.data(), int64_t(values.size()));
    return out;
}

double relativeError(const std::vector<float>& values, const std::vector<float>& rounded)
{
    double error = 0, total = 0;
    for (size_t i = 0; i < values.size(); ++i) {
        error += (double(rounded[i]) - values[i]) * (double(rounded[i]) - values[i]);
        total += double(values[i]) * values[i];
    }
    return std::sqrt(error / total);
}

constexpr const char* kTypes[] = {"Q8_0", "Q6_K", "Q5_1", "Q5_K", "Q5_0", "Q4_1", "Q4_K", "Q4_0", "Q3_K", "Q2_K"};

void typeRows()
{
    QTest::addColumn<QString>("type");
    for (const char* type : kTypes)
        QTest::newRow(type) << type;
}

DType typeOf(const QString& name)
{
    return find(name.toStdString())->dtype;
}

} // namespace

class TestQuantizers : public QObject {
    Q_OBJECT

private slots:
    // Relative RMS error of the reference encoders on 16 x 16384 Gaussian values; ours within 2 %.
    void errorsAreThoseOfTheReference_data()
    {
        QTest::addColumn<QString>("type");
        QTest::addColumn<double>("reference");
        const double figures[] = {0.00537, 0.0178, 0.0378, 0.0361, 0.0428, 0.0785, 0.0715, 0.0861, 0.151, 0.297};
        for (size_t i = 0; i < std::size(kTypes); ++i)
            QTest::newRow(kTypes[i]) << kTypes[i] << figures[i];
    }

    void errorsAreThoseOfTheReference()
    {
        QFETCH(QString, type);
        QFETCH(double, reference);
        std::mt19937 random(5);
        std::normal_distribution<float> gauss;
        std::vector<float> values(16 * 16384);
        for (float& value : values)
            value = gauss(random);
        const double error = relativeError(values, roundTrip(typeOf(type), values));
        qInfo("%.5f, reference %.5f", error, reference);
        QVERIFY(error < 1.02 * reference);
        QVERIFY(error > 0.9 * reference);
    }

    void whatIsRepresentableComesBack_data() { typeRows(); }

    void whatIsRepresentableComesBack()
    {
        QFETCH(QString, type);
        // Codes over their whole range under scales that 16 bits hold: a decoded row of exactly this form.
        std::vector<float> values(512);
        const bool hasMinimum = type == "Q4_1" || type == "Q5_1" || type == "Q4_K" || type == "Q5_K" || type == "Q2_K";
        const int bits = type[1].digitValue(), largest = (1 << bits) - 1, half = 1 << (bits - 1);
        for (size_t i = 0; i < values.size(); ++i) {
            const int group = type == "Q6_K" || type == "Q3_K" || type == "Q2_K" ? 16 : 32, at = int(i) % group;
            int code = type == "Q8_0" ? at * 8 - 127 : at * largest / (group - 1);
            if (!hasMinimum && type != "Q8_0")
                code -= half;
            values[i] = 0.25f * float(code) - (hasMinimum ? 1.0f : 0.0f);
        }
        const auto once = roundTrip(typeOf(type), values);
        QVERIFY(relativeError(values, once) < (type.endsWith("K") ? 3e-3 : 1e-6));
        // A second time changes nothing more.
        const auto twice = roundTrip(typeOf(type), once);
        QVERIFY(relativeError(once, twice) < (type.endsWith("K") ? 1e-3 : 1e-6));
    }

    void oddRowsDoNoHarm_data() { typeRows(); }

    void oddRowsDoNoHarm()
    {
        QFETCH(QString, type);
        const DType dtype = typeOf(type);
        const auto rowOf = [](auto f) {
            std::vector<float> values(256);
            for (size_t i = 0; i < values.size(); ++i)
                values[i] = f(i);
            return values;
        };
        const std::vector<float> rows[] = {
            rowOf([](size_t) { return 0.0f; }),
            rowOf([](size_t) { return -0.0f; }),
            rowOf([](size_t) { return 1.5f; }),
            rowOf([](size_t) { return -3.0f; }),
            rowOf([](size_t i) { return i == 77 ? 1e4f : 0.01f; }),
            rowOf([](size_t i) { return i == 77 ? -1e4f : 0.0f; }),
            rowOf([](size_t i) { return float(int(i % 5) - 2) * 1e-41f; }),
            rowOf([](size_t i) { return i % 2 ? 65504.0f : -65504.0f; }),
            rowOf([](size_t i) { return i % 2 ? 1.0f : 0.0f; }),
        };
        for (const auto& values : rows) {
            const auto rounded = roundTrip(dtype, values);
            float largest = 0;
            for (const float value : values)
                largest = std::max(largest, std::fabs(value));
            const int bits = type[1].digitValue();
            // Half a step of the block's range and the rounding of the 6-bit scales.
            const float step = 2 * largest / float((1 << bits) - 1);
            for (size_t i = 0; i < values.size(); ++i) {
                QVERIFY(std::isfinite(rounded[i]));
                QVERIFY2(std::fabs(rounded[i] - values[i]) <= 1.1f * step + 1e-7f,
                         qPrintable(QString("%1 became %2").arg(double(values[i])).arg(double(rounded[i]))));
            }
        }
    }

    void infinitiesAndNansStayInTheirBlock_data() { typeRows(); }

    void infinitiesAndNansStayInTheirBlock()
    {
        QFETCH(QString, type);
        std::vector<float> values(512, 0.5f);
        values[3] = std::numeric_limits<float>::quiet_NaN();
        values[40] = std::numeric_limits<float>::infinity();
        const auto rounded = roundTrip(typeOf(type), values);
        for (size_t i = 256; i < 512; ++i)
            QVERIFY(std::fabs(rounded[i] - 0.5f) < 0.05f);
    }

    // Importance as a log-normal (sigma 1.6); the error that it weighs. The reference searches the groups' scales once more, we do not.
    void importanceLowersTheErrorThatItWeighs_data()
    {
        QTest::addColumn<QString>("type");
        QTest::addColumn<double>("reference");
        QTest::newRow("Q6_K") << "Q6_K" << 0.0146;
        QTest::newRow("Q5_K") << "Q5_K" << 0.0292;
        QTest::newRow("Q4_K") << "Q4_K" << 0.0560;
        QTest::newRow("Q3_K") << "Q3_K" << 0.120;
        QTest::newRow("Q2_K") << "Q2_K" << 0.197;
    }

    void importanceLowersTheErrorThatItWeighs()
    {
        QFETCH(QString, type);
        QFETCH(double, reference);
        const DType dtype = typeOf(type);
        QVERIFY(usesImportance(dtype));
        std::mt19937 random(5);
        std::normal_distribution<float> gauss;
        std::lognormal_distribution<float> spread(0, 1.6f);
        std::vector<float> values(4 * 16384), importance(values.size()), out(values.size());
        for (float& value : values)
            value = gauss(random);
        for (float& value : importance)
            value = spread(random);
        const auto weightedError = [&](const std::vector<float>& rounded) {
            double error = 0, total = 0;
            for (size_t i = 0; i < values.size(); ++i) {
                error += double(importance[i]) * (double(rounded[i]) - values[i]) * (double(rounded[i]) - values[i]);
                total += double(importance[i]) * values[i] * values[i];
            }
            return std::sqrt(error / total);
        };
        std::vector<uint8_t> row(static_cast<size_t>(rowBytes(dtype, int64_t(values.size()))));
        packWeightedRow(dtype, values.data(), importance.data(), row.data(), int64_t(values.size()));
        unpackRow(dtype, row.data(), out.data(), int64_t(values.size()));
        const double error = weightedError(out), plain = weightedError(roundTrip(dtype, values));
        qInfo("%.4f, reference %.4f, without importance %.4f", error, reference, plain);
        QVERIFY(error < 0.9 * plain);
        QVERIFY(error < 1.06 * reference && error > 0.9 * reference);
    }

    void equalImportanceDoesNoHarm()
    {
        std::mt19937 random(6);
        std::normal_distribution<float> gauss;
        std::vector<float> values(4096), ones(4096, 1.0f), out(4096);
        for (float& value : values)
            value = gauss(random);
        for (const DType dtype : {DType::Q2_K, DType::Q3_K, DType::Q4_K, DType::Q5_K, DType::Q6_K, DType::Q8_0}) {
            std::vector<uint8_t> row(static_cast<size_t>(rowBytes(dtype, 4096)));
            packWeightedRow(dtype, values.data(), ones.data(), row.data(), 4096);
            unpackRow(dtype, row.data(), out.data(), 4096);
            QVERIFY(relativeError(values, out) < 1.05 * relativeError(values, roundTrip(dtype, values)));
        }
    }

    void typesWithoutAnEncoderSaySo()
    {
        std::vector<float> values(256);
        std::vector<uint8_t> row(4096);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, packRow(DType::IQ2_XS, values.data(), row.data(), 256));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, packRow(DType::Q4_K, values.data(), row.data(), 255));
    }

    void recipesMixAsTheFieldDoes_data()
    {
        QTest::addColumn<QString>("recipe");
        QTest::addColumn<QString>("tensor");
        QTest::addColumn<int>("cols");
        QTest::addColumn<QString>("type");
        const auto row = [](const char* recipe, const char* tensor, int cols, const char* type) {
            QTest::addRow("%s %s %d", recipe, tensor, cols) << recipe << tensor << cols << type;
        };
        row("Q4_K_M", "blk.0.attn_v.weight", 512, "Q6_K"); // first eighth
        row("Q4_K_M", "blk.5.attn_v.weight", 512, "Q4_K");
        row("Q4_K_M", "blk.6.attn_v.weight", 512, "Q6_K"); // every third
        row("Q4_K_M", "blk.31.ffn_down.weight", 512, "Q6_K");
        row("Q4_K_M", "blk.5.ffn_up.weight", 512, "Q4_K");
        row("Q4_K_M", "blk.5.attn_output.weight", 512, "Q4_K");
        row("Q4_K_M", "output.weight", 512, "Q6_K");
        row("Q4_K_M", "token_embd.weight", 512, "Q4_K");
        row("Q4_K_M", "blk.5.ffn_norm.weight", 512, "F32");
        row("Q4_K_M", "blk.5.ffn_gate_inp.weight", 512, "F32");
        row("Q4_K_M", "blk.5.ffn_up.bias", 512, "F32");
        row("q4_k", "blk.5.ffn_up.weight", 1408, "Q5_0"); // 5.5 blocks of 256
        row("Q4_K_M", "blk.0.ffn_down.weight", 1408, "Q8_0");
        row("Q5_K_M", "blk.5.ffn_up.weight", 1408, "Q5_1");
        row("Q4_K_M", "blk.5.ffn_up.weight", 100, "F32");
        row("Q4_K_S", "blk.3.attn_v.weight", 512, "Q5_K");
        row("Q4_K_S", "blk.4.attn_v.weight", 512, "Q4_K");
        row("Q5_K_M", "blk.0.ffn_down.weight", 512, "Q6_K");
        row("Q8_0", "token_embd.weight", 512, "Q8_0");
        row("Q4_0", "blk.5.ffn_up.weight", 512, "Q4_0");
        row("Q4_0", "output.weight", 512, "Q6_K");
        row("F16", "blk.5.ffn_up.weight", 100, "F16");
        row("Q3_K_M", "blk.5.ffn_up.weight", 512, "Q3_K");
        row("q3_k", "blk.5.attn_v.weight", 512, "Q4_K");
        row("Q3_K_M", "blk.6.ffn_down.weight", 512, "Q4_K");
        row("Q3_K_M", "blk.5.ffn_down.weight", 512, "Q3_K");
        row("Q3_K_S", "blk.6.ffn_down.weight", 512, "Q3_K");
        row("Q2_K", "blk.5.ffn_up.weight", 512, "Q2_K");
        row("Q2_K", "blk.5.ffn_down.weight", 512, "Q3_K");
        row("Q2_K", "blk.5.attn_output.weight", 512, "Q3_K");
        row("Q2_K", "output.weight", 512, "Q6_K");
        row("Q2_K", "blk.5.ffn_up.weight", 1408, "Q4_0");
    }

    void recipesMixAsTheFieldDoes()
    {
        QFETCH(QString, recipe);
        QFETCH(QString, tensor);
        QFETCH(int, cols);
        QFETCH(QString, type);
        const ModelTraits traits{32, 0, true};
        const Shape shape = tensor.contains("norm") ? Shape{cols} : Shape{64, cols};
        QCOMPARE(QString::fromUtf8(typeName(typeFor(*findRecipe(recipe.toStdString()), tensor.toStdString(), shape, DType::F32, traits)).data()), type);
    }

    void whatEveryTokenPassesKeepsMoreBits()
    {
        const Recipe& recipe = *findRecipe("Q4_K_M");
        const ModelTraits traits{32, 64, true};
        const auto type = [&](const char* name) { return typeFor(recipe, name, {8, 64, 512}, DType::BF16, traits); };
        QVERIFY(type("blk.5.attn_k_b.weight") == DType::Q8_0);
        QVERIFY(type("blk.5.attn_kv_a_mqa.weight") == DType::Q8_0);
        QVERIFY(type("blk.5.attn_output.weight") == DType::Q6_K);
        QVERIFY(type("blk.5.ffn_up_shexp.weight") == DType::Q6_K);
        QVERIFY(type("blk.5.ffn_up_exps.weight") == DType::Q4_K);
        QVERIFY(type("blk.0.ffn_down_exps.weight") == DType::Q6_K);
        QVERIFY(typeFor(recipe, "blk.5.ffn_up_exps.weight", {8, 64, 512}, DType::MXFP4, traits) == DType::MXFP4); // already
        const ModelTraits tied{32, 0, false};
        QVERIFY(typeFor(recipe, "token_embd.weight", {64, 512}, DType::BF16, tied) == DType::Q6_K);
        QVERIFY(!findRecipe("Q9_Z"));
    }
};

QTEST_APPLESS_MAIN(TestQuantizers)
#include "tst_quantizers.moc"
