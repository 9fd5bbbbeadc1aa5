<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>DocumentWords</name>
    <message numerus="yes">
        <source>%n document(s)</source>
        <translation>
            <numerusform>%n document</numerusform>
            <numerusform>%n documents</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n chunk(s)</source>
        <translation>
            <numerusform>%n chunk</numerusform>
            <numerusform>%n chunks</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n with problems</source>
        <translation>
            <numerusform>%n with problems</numerusform>
            <numerusform>%n with problems</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n waiting</source>
        <translation>
            <numerusform>%n waiting</numerusform>
            <numerusform>%n waiting</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n failed</source>
        <translation>
            <numerusform>%n failed</numerusform>
            <numerusform>%n failed</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImportModel</name>
    <message numerus="yes">
        <source>How should %n model(s) be added?</source>
        <translation>
            <numerusform>How should %n model be added?</numerusform>
            <numerusform>How should %n models be added?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Messages</name>
    <message numerus="yes">
        <source>%n token(s)</source>
        <translation>
            <numerusform>%n token</numerusform>
            <numerusform>%n tokens</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RunWords</name>
    <message numerus="yes">
        <source>%n step(s) skipped because loss or gradient were no numbers. A lower learning rate helps.</source>
        <translation>
            <numerusform>%n step skipped because loss or gradient were no numbers. A lower learning rate helps.</numerusform>
            <numerusform>%n steps skipped because loss or gradient were no numbers. A lower learning rate helps.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n jump(s) of the gradient. They are limited, but a lower learning rate or a longer warm-up is steadier.</source>
        <translation>
            <numerusform>%n jump of the gradient. It is limited, but a lower learning rate or a longer warm-up is steadier.</numerusform>
            <numerusform>%n jumps of the gradient. They are limited, but a lower learning rate or a longer warm-up is steadier.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n step(s)</source>
        <translation>
            <numerusform>%n step</numerusform>
            <numerusform>%n steps</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>UserMessage</name>
    <message numerus="yes">
        <source>about %n second(s) left</source>
        <translation>
            <numerusform>about %n second left</numerusform>
            <numerusform>about %n seconds left</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>about %n minute(s) left</source>
        <translation>
            <numerusform>about %n minute left</numerusform>
            <numerusform>about %n minutes left</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>about %n hour(s) left</source>
        <translation>
            <numerusform>about %n hour left</numerusform>
            <numerusform>about %n hours left</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::app::ChatPage</name>
    <message numerus="yes">
        <source>%1 (%n document(s))</source>
        <translation>
            <numerusform>%1 (%n document)</numerusform>
            <numerusform>%1 (%n documents)</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n match(es)</source>
        <translation>
            <numerusform>%n match</numerusform>
            <numerusform>%n matches</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::app::CollectionSearch</name>
    <message numerus="yes">
        <source>%n passage(s) in %1 ms. These are what an answer would be made from.</source>
        <translation>
            <numerusform>%n passage in %1 ms. An answer would be made from it.</numerusform>
            <numerusform>%n passages in %1 ms. These are what an answer would be made from.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::app::DocumentsPage</name>
    <message numerus="yes">
        <source>%n document(s) removed from the collection</source>
        <translation>
            <numerusform>%n document removed from the collection</numerusform>
            <numerusform>%n documents removed from the collection</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n document(s) indexed in %1 s</source>
        <translation>
            <numerusform>%n document indexed in %1 s</numerusform>
            <numerusform>%n documents indexed in %1 s</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n document(s)</source>
        <translation>
            <numerusform>%n document</numerusform>
            <numerusform>%n documents</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n document(s) not indexed yet: answers do not use them.</source>
        <translation>
            <numerusform>%n document is not indexed yet: answers do not use it.</numerusform>
            <numerusform>%n documents are not indexed yet: answers do not use them.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::app::MainWindow</name>
    <message numerus="yes">
        <source>%1, %n thread(s)</source>
        <translation>
            <numerusform>%1, %n thread</numerusform>
            <numerusform>%1, %n threads</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::app::PlanPanel</name>
    <message numerus="yes">
        <source>%n row(s) were read.</source>
        <translation>
            <numerusform>%n row was read.</numerusform>
            <numerusform>%n rows were read.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::app::SettingsPage</name>
    <message numerus="yes">
        <source>%n in use now. A change takes effect at the next start.</source>
        <translation>
            <numerusform>%n in use now. A change takes effect at the next start.</numerusform>
            <numerusform>%n in use now. A change takes effect at the next start.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::widgets::Composer</name>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>and %n more</numerusform>
            <numerusform>and %n more</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::widgets::PageView</name>
    <message numerus="yes">
        <source>%n highlighted lines</source>
        <translation>
            <numerusform>%n highlighted line</numerusform>
            <numerusform>%n highlighted lines</numerusform>
        </translation>
    </message>
</context>
</TS>
