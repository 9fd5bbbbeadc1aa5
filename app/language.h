// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QTranslator>

namespace sy::app {

/// The interface's language: our words and Qt's own, and the locale that writes numbers and dates. Changing it makes every window
/// get a LanguageChange.
class Language {
public:
    /// "en", "zh_CN", or empty: the desktop's, English when we do not have it.
    void set(const QString& code);
    QString current() const { return m_current; }

private:
    QTranslator m_ours, m_qts;
    QString m_current;
};

} // namespace sy::app
