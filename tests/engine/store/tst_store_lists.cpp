// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/app_schema.h"
#include "engine/store/chat_store.h"
#include "engine/store/collection_store.h"
#include "engine/store/model_store.h"

#include <QTemporaryDir>
#include <QTest>

using namespace sy::store;

class TestStoreLists : public QObject {
    Q_OBJECT

private slots:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void aModelRowIsReplacedByItsId()
    {
        ModelStore models(openAppDatabase(path()));
        ModelRow row{"qwen", "Qwen", "/m/a.gguf", 5'000'000'000, "", "chat", "qwen2", true, 7};
        models.put(row);
        row.name = "Qwen again";
        models.put(row);
        models.setSha256("qwen", "ab12");
        QCOMPARE(models.list().size(), size_t(1));
        const auto found = models.findByPath("/m/a.gguf");
        QVERIFY(found);
        QCOMPARE(found->name, std::string("Qwen again"));
        QCOMPARE(found->bytes, uint64_t(5'000'000'000));
        QCOMPARE(found->sha256, std::string("ab12"));
        QCOMPARE(found->addedMs, int64_t(7));
        QVERIFY(found->isReferenced);
        QVERIFY(models.remove("qwen"));
        QVERIFY(!models.remove("qwen"));
        QVERIFY(!models.find("qwen"));
    }

    void onePathIsOneModel()
    {
        ModelStore models(openAppDatabase(path()));
        models.put({"a", "A", "/m/a.gguf", 1, "", "chat", "", false, 1});
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, models.put({"b", "B", "/m/a.gguf", 1, "", "chat", "", false, 2}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, models.put({"c", "C", "/m/c.gguf", 1, "", "toaster", "", false, 2}));
        models.put({"d", "D", "/m/d.gguf", 1, "", "embedding", "", false, 2});
        QCOMPARE(models.list().front().id, std::string("d"));
    }

    void aCollectionsNumberNeverComesBack()
    {
        CollectionStore collections(openAppDatabase(path()));
        QCOMPARE(collections.newestId(), int64_t(0));
        const auto first = collections.findOrCreate("papers");
        QCOMPARE(collections.findOrCreate("papers").id, first.id);
        QVERIFY(collections.remove("papers"));
        QVERIFY(!collections.remove("papers"));
        QVERIFY(collections.findOrCreate("papers").id > first.id);
        QVERIFY(collections.newestId() > first.id);
    }

    void renamingACollectionTakesItsChatsAlong()
    {
        CollectionStore collections(openAppDatabase(path()));
        ChatStore chats(openAppDatabase(path()));
        collections.findOrCreate("old");
        collections.findOrCreate("taken");
        const auto chat = chats.create("t", "old");
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, collections.rename("old", "taken"));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, collections.rename("missing", "x"));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, collections.rename("old", ""));
        collections.rename("old", "new");
        QCOMPARE(chats.find(chat.id)->collection, std::string("new"));
        QVERIFY(!collections.find("old"));
    }

private:
    std::string path() const { return m_folder->path().toStdString(); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

QTEST_APPLESS_MAIN(TestStoreLists)
#include "tst_store_lists.moc"
