// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/page_table.h"

#include "app/pages/chat/chat_page.h"
#include "app/pages/documents/documents_page.h"
#include "app/pages/finetune/finetune_page.h"
#include "app/pages/models/models_page.h"
#include "app/pages/settings/settings_page.h"

#include <QCoreApplication>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(Pages)
public:
    static QString chat() { return tr("Chat"); }
    static QString documents() { return tr("Documents"); }
    static QString fineTune() { return tr("Fine-tune"); }
    static QString models() { return tr("Models"); }
    static QString settings() { return tr("Settings"); }
};

template <class P>
Page* make(PageContext& context, QWidget* parent)
{
    return new P(context, parent);
}

constexpr PageRow kPages[] = {
    {"chat", Words::chat, "chat", false, make<ChatPage>},
    {"documents", Words::documents, "documents", false, make<DocumentsPage>},
    {"finetune", Words::fineTune, "tune", false, make<FineTunePage>},
    {"models", Words::models, "models", false, make<ModelsPage>},
    {"settings", Words::settings, "settings", true, make<SettingsPage>},
};

} // namespace

std::span<const PageRow> pageTable()
{
    return kPages;
}

} // namespace sy::app
