// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/saved_contexts.h"

#include "engine/api/chats.h"
#include "engine/api/engine.h"
#include "engine/api/loaded_model.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fstream>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;

namespace {

// A long question with its answer; bytes are tokens.
std::vector<ChatMessage> chat(char letter, size_t n = 1500)
{
    return {{"user", std::string(n, letter)}};
}

GenerationResult answer(LoadedModel& model, const std::vector<ChatMessage>& messages)
{
    GenerationRequest request;
    request.messages = messages;
    request.maxTokens = 3;
    request.sampling.temperature = 0;
    return model.generate(request, {});
}

} // namespace

class TestSavedContexts : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    fs::path m_folder, m_model;
    std::shared_ptr<Processor> m_processor = std::make_shared<Processor>(2);

    std::shared_ptr<LoadedModel> open() { return openModel(m_processor, m_model, {}, {}); }

    fs::path fileOf(int64_t chatId) const { return m_folder / "contexts" / ("chat-" + std::to_string(chatId) + ".kv"); }

    /// Answers in a model of its own, and puts the chat away.
    int64_t keep(SavedContexts& contexts, int64_t chatId, char letter)
    {
        const auto model = open();
        auto messages = chat(letter);
        messages.push_back({"assistant", answer(*model, messages).text});
        return contexts.save(*model, chatId, messages);
    }

private slots:
    void initTestCase()
    {
        m_folder = m_dir.path().toStdString();
        m_model = m_folder / "tiny.gguf";
        sy::test::writeTinyModel(m_model);
    }
    void init() { fs::remove_all(m_folder / "contexts"); }

    void aReopenedChatAnswersWithoutReadingItAgain()
    {
        SavedContexts contexts(m_folder / "contexts");
        const GenerationResult first = answer(*open(), chat('a'));
        QCOMPARE(first.cachedTokens, int64_t(0));
        QVERIFY(keep(contexts, 7, 'a') > 1480);
        const auto model = open();
        QVERIFY(contexts.restore(*model, 7) > 1480);
        const GenerationResult again = answer(*model, chat('a'));
        QCOMPARE(again.text, first.text);
        QVERIFY(again.promptTokens - again.cachedTokens <= 64); // the page that is not full, and the generation prompt
    }

    void aDamagedFileIsIgnored()
    {
        SavedContexts contexts(m_folder / "contexts");
        QVERIFY(keep(contexts, 7, 'a') > 0);
        {
            std::fstream file(fileOf(7), std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(20000);
            file.write("damage", 6);
        }
        const auto model = open();
        QCOMPARE(contexts.restore(*model, 7), int64_t(0));
        QCOMPARE(answer(*model, chat('a')).cachedTokens, int64_t(0));
        QCOMPARE(contexts.restore(*model, 8), int64_t(0)); // never saved
    }

    void whereNothingCanBeWrittenNothingIsKept()
    {
        std::ofstream(m_folder / "blocked") << "a file where the folder would be";
        SavedContexts contexts(m_folder / "blocked");
        QCOMPARE(keep(contexts, 7, 'a'), int64_t(0));
    }

    void theLeastRecentlyUsedGoFirst()
    {
        uint64_t oneFile = 0;
        {
            SavedContexts contexts(m_folder / "contexts");
            keep(contexts, 1, 'a');
            oneFile = fs::file_size(fileOf(1));
        }
        SavedContexts contexts(m_folder / "contexts", oneFile * 2 + oneFile / 2);
        keep(contexts, 2, 'b');
        const auto before = fs::file_time_type::clock::now() - std::chrono::hours(1);
        fs::last_write_time(fileOf(1), before);
        fs::last_write_time(fileOf(2), before + std::chrono::minutes(1));
        QVERIFY(contexts.restore(*open(), 1) > 0); // used now
        keep(contexts, 3, 'c');
        QVERIFY(fs::exists(fileOf(1)) && !fs::exists(fileOf(2)) && fs::exists(fileOf(3)));
        SavedContexts none(m_folder / "contexts", 100);
        keep(none, 4, 'd');
        QVERIFY(!fs::exists(fileOf(1)) && !fs::exists(fileOf(3)) && !fs::exists(fileOf(4)));
    }

    void aRemovedChatLeavesNothing()
    {
        EngineOptions options;
        options.dataDir = m_folder;
        options.nThreads = 1;
        Engine engine(options);
        const int64_t removed = engine.chats().create("a").id, shortened = engine.chats().create("b").id;
        Message message;
        message.chatId = shortened;
        message.role = "user";
        const int64_t first = engine.chats().append(message);
        for (const int64_t id : {removed, shortened}) {
            QVERIFY(keep(engine.contexts(), id, 'e') > 0);
            QVERIFY(fs::exists(fileOf(id)));
        }
        engine.chats().remove(removed);
        engine.chats().removeMessagesFrom(shortened, first);
        QVERIFY(!fs::exists(fileOf(removed)) && !fs::exists(fileOf(shortened)));
    }
};

QTEST_GUILESS_MAIN(TestSavedContexts)
#include "tst_saved_contexts.moc"
