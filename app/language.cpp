// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/language.h"

#include <QCoreApplication>
#include <QLibraryInfo>
#include <QLocale>

namespace sy::app {

void Language::set(const QString& code)
{
    QString wanted = code;
    if (wanted.isEmpty())
        wanted = QLocale::system().language() == QLocale::Chinese ? QStringLiteral("zh_CN") : QStringLiteral("en");
    if (wanted == m_current)
        return;
    m_current = wanted;
    QLocale::setDefault(wanted == QLatin1String("zh_CN") ? QLocale(QLocale::Chinese, QLocale::SimplifiedHanScript, QLocale::China)
                                                         : QLocale(QLocale::English));
    QCoreApplication::removeTranslator(&m_ours);
    QCoreApplication::removeTranslator(&m_qts);
    // English has a file as well: it holds the plurals.
    if (m_qts.load(QStringLiteral("qtbase_") + wanted, QLibraryInfo::path(QLibraryInfo::TranslationsPath)))
        QCoreApplication::installTranslator(&m_qts);
    if (m_ours.load(QStringLiteral(":/i18n/switchyard_") + wanted + QStringLiteral(".qm")))
        QCoreApplication::installTranslator(&m_ours);
}

} // namespace sy::app
