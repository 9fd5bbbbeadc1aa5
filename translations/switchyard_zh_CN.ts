<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>AdapterFiles</name>
    <message>
        <source>Adapter as a GGUF file…</source>
        <translation>适配器，GGUF 文件…</translation>
    </message>
    <message>
        <source>Adapter as a PEFT folder…</source>
        <translation>适配器，PEFT 文件夹…</translation>
    </message>
    <message>
        <source>For this program and llama.cpp</source>
        <translation>供本程序和 llama.cpp 使用</translation>
    </message>
    <message>
        <source>For PEFT and other Python programs</source>
        <translation>供 PEFT 和其他 Python 程序使用</translation>
    </message>
    <message>
        <source>Export the adapter</source>
        <translation>导出适配器</translation>
    </message>
    <message>
        <source>Where to put the folder of the adapter</source>
        <translation>适配器文件夹放在哪里</translation>
    </message>
    <message>
        <source>Import an adapter</source>
        <translation>导入适配器</translation>
    </message>
    <message>
        <source>Import a folder with adapter_config.json</source>
        <translation>导入含 adapter_config.json 的文件夹</translation>
    </message>
    <message>
        <source>GGUF adapters (*.gguf);;All files (*)</source>
        <translation>GGUF 适配器 (*.gguf);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Exporting “%1”…</source>
        <translation>正在导出“%1”…</translation>
    </message>
    <message>
        <source>Importing “%1”…</source>
        <translation>正在导入“%1”…</translation>
    </message>
    <message>
        <source>Merged into a model…</source>
        <translation>合并到模型中…</translation>
    </message>
    <message>
        <source>A whole new model, for programs that cannot load adapters</source>
        <translation>一个全新的完整模型，供无法加载适配器的程序使用</translation>
    </message>
</context>
<context>
    <name>ChatExport</name>
    <message>
        <source>You</source>
        <translation>您</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>回答</translation>
    </message>
    <message>
        <source>page %1</source>
        <translation>第 %1 页</translation>
    </message>
    <message>
        <source>Sources</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>Attached: %1</source>
        <translation>附件：%1</translation>
    </message>
    <message>
        <source>%1, seed %2, %3 tokens/s</source>
        <translation>%1，种子 %2，%3 词元/秒</translation>
    </message>
</context>
<context>
    <name>ChatService</name>
    <message>
        <source>Files of chat %1</source>
        <translation>对话 %1 的文件</translation>
    </message>
</context>
<context>
    <name>ColumnMapping</name>
    <message>
        <source>A question and its answer</source>
        <translation>一个问题及其回答</translation>
    </message>
    <message>
        <source>An instruction, perhaps with an input, and its answer</source>
        <translation>一条指令（可带输入）及其回答</translation>
    </message>
    <message>
        <source>A question with a better and a worse answer</source>
        <translation>一个问题及较好和较差的回答</translation>
    </message>
    <message>
        <source>A list of messages</source>
        <translation>消息列表</translation>
    </message>
    <message>
        <source>A text</source>
        <translation>一段文本</translation>
    </message>
    <message>
        <source>Question</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>回答</translation>
    </message>
    <message>
        <source>Instruction</source>
        <translation>指令</translation>
    </message>
    <message>
        <source>Input</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>Better answer</source>
        <translation>较好的回答</translation>
    </message>
    <message>
        <source>Worse answer</source>
        <translation>较差的回答</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>消息</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>文本</translation>
    </message>
    <message>
        <source>(none)</source>
        <translation>（无）</translation>
    </message>
</context>
<context>
    <name>DocumentWords</name>
    <message>
        <source>Indexed</source>
        <translation>已索引</translation>
    </message>
    <message>
        <source>Ready to be asked.</source>
        <translation>可以提问了。</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>This file could not be read. Open it in its own program to check it, save it anew, then try again.</source>
        <translation>无法读取此文件。请用相应的程序打开检查并重新保存，然后重试。</translation>
    </message>
    <message>
        <source>No text</source>
        <translation>没有文字</translation>
    </message>
    <message>
        <source>The pages are images without text. Run text recognition (OCR) on the file and add the result.</source>
        <translation>页面是不含文字的图像。请先对文件做文字识别（OCR），再添加识别后的文件。</translation>
    </message>
    <message>
        <source>Locked</source>
        <translation>已加密</translation>
    </message>
    <message>
        <source>Skipped</source>
        <translation>已跳过</translation>
    </message>
    <message>
        <source>This kind of file cannot be read.</source>
        <translation>无法读取这种类型的文件。</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <source>Will be indexed.</source>
        <translation>将会建立索引。</translation>
    </message>
    <message numerus="yes">
        <source>%n document(s)</source>
        <translation>
            <numerusform>%n 个文档</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n chunk(s)</source>
        <translation>
            <numerusform>%n 个文本块</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n with problems</source>
        <translation>
            <numerusform>%n 个有问题</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n waiting</source>
        <translation>
            <numerusform>%n 个等待中</numerusform>
        </translation>
    </message>
    <message>
        <source>searched by words only: no embedding model</source>
        <translation>仅按字词检索：没有嵌入模型</translation>
    </message>
    <message>
        <source>%1 of %2 files</source>
        <translation>%1 / %2 个文件</translation>
    </message>
    <message>
        <source>%1 chunks/s</source>
        <translation>%1 块/秒</translation>
    </message>
    <message numerus="yes">
        <source>%n failed</source>
        <translation>
            <numerusform>%n 个失败</numerusform>
        </translation>
    </message>
    <message>
        <source>Getting ready…</source>
        <translation>正在准备…</translation>
    </message>
    <message>
        <source>Enter the file’s password to index it; the password is not stored.</source>
        <translation>输入文件的密码即可建立索引；密码不会被保存。</translation>
    </message>
</context>
<context>
    <name>EngineWords</name>
    <message>
        <source>The file made the reader fail (%1).</source>
        <translation>读取此文件时阅读器出错（%1）。</translation>
    </message>
    <message>
        <source>it took too long</source>
        <translation>用时过长</translation>
    </message>
    <message>
        <source>it crashed: %1</source>
        <translation>崩溃：%1</translation>
    </message>
    <message>
        <source>it was killed, perhaps for want of memory</source>
        <translation>被终止，可能是内存不足</translation>
    </message>
    <message>
        <source>it ended early, perhaps for want of memory</source>
        <translation>提前结束，可能是内存不足</translation>
    </message>
    <message>
        <source>it gave an answer that makes no sense</source>
        <translation>返回了无意义的结果</translation>
    </message>
    <message>
        <source>This is not a text file: %1.</source>
        <translation>这不是文本文件：%1。</translation>
    </message>
    <message>
        <source>it holds binary data</source>
        <translation>其中是二进制数据</translation>
    </message>
    <message>
        <source>The file is empty.</source>
        <translation>文件是空的。</translation>
    </message>
    <message>
        <source>The file is too long: only its first %1 MB were read.</source>
        <translation>文件太长：只读取了前 %1 MB。</translation>
    </message>
    <message>
        <source>The file is damaged in %1 place, where its bytes are no %2 text; the rest was read.</source>
        <translation>文件有 %1 处损坏，那里的字节不是 %2 文本；其余部分已读取。</translation>
    </message>
    <message>
        <source>The file is damaged in %1 places, where its bytes are no %2 text; the rest was read.</source>
        <translation>文件有 %1 处损坏，那里的字节不是 %2 文本；其余部分已读取。</translation>
    </message>
    <message>
        <source>The password does not open this file.</source>
        <translation>密码不正确，无法打开此文件。</translation>
    </message>
    <message>
        <source>This file is protected: it opens with a password only.</source>
        <translation>此文件受保护：需要密码才能打开。</translation>
    </message>
    <message>
        <source>This file is encrypted in a way that cannot be read, for example for the holder of a certificate.</source>
        <translation>此文件的加密方式无法读取，例如只供证书持有者打开。</translation>
    </message>
    <message>
        <source>This is no PDF file, or it is damaged so badly that no page can be found.</source>
        <translation>这不是 PDF 文件，或损坏严重，找不到任何页面。</translation>
    </message>
    <message>
        <source>The file is damaged: it has no pages that can be read.</source>
        <translation>文件已损坏：没有可读取的页面。</translation>
    </message>
    <message>
        <source>Chinese, Japanese or Korean text could not be read because the package poppler-data is missing; install it and index the file again.</source>
        <translation>缺少软件包 poppler-data，无法读取中文、日文或韩文；请安装后重新索引此文件。</translation>
    </message>
    <message>
        <source>No page of the file could be read: it is damaged.</source>
        <translation>文件的所有页面都无法读取：文件已损坏。</translation>
    </message>
    <message>
        <source>The file has no text: its pages are images or empty. Scanned pages need OCR (text recognition).</source>
        <translation>文件中没有文字：页面是图片或空白。扫描页需要文字识别（OCR）。</translation>
    </message>
    <message>
        <source>The text of this file is stored with unknown characters and comes out garbled: it needs OCR (text recognition).</source>
        <translation>此文件的文字使用未知字符存储，读出来是乱码：需要文字识别（OCR）。</translation>
    </message>
    <message>
        <source>Page %1 could not be read: the file is damaged there.</source>
        <translation>第 %1 页无法读取：文件在此处损坏。</translation>
    </message>
    <message>
        <source>Pages %1 could not be read: the file is damaged there.</source>
        <translation>第 %1 页无法读取：文件在这些地方损坏。</translation>
    </message>
    <message>
        <source>Page %1 has text with unknown characters, which comes out garbled.</source>
        <translation>第 %1 页的文字含有未知字符，读出来是乱码。</translation>
    </message>
    <message>
        <source>Pages %1 have text with unknown characters, which comes out garbled.</source>
        <translation>第 %1 页的文字含有未知字符，读出来是乱码。</translation>
    </message>
    <message>
        <source>Page %1 has an image instead of text and would need OCR.</source>
        <translation>第 %1 页是图片而不是文字，需要文字识别（OCR）。</translation>
    </message>
    <message>
        <source>Pages %1 have an image instead of text and would need OCR.</source>
        <translation>第 %1 页是图片而不是文字，需要文字识别（OCR）。</translation>
    </message>
    <message>
        <source>The file is very long: only its first %1 pages were read.</source>
        <translation>文件非常长：只读取了前 %1 页。</translation>
    </message>
    <message>
        <source>There is no reader for this kind of file. Save it as PDF, text or Markdown and add that.</source>
        <translation>没有适用于此类文件的阅读器。请另存为 PDF、文本或 Markdown 后再添加。</translation>
    </message>
    <message>
        <source>The file cannot be read: %1. Check that it is there and that you may read it.</source>
        <translation>无法读取文件：%1。请检查文件是否存在，以及您是否有读取权限。</translation>
    </message>
    <message>
        <source>There is no text in the file.</source>
        <translation>文件中没有文字。</translation>
    </message>
    <message>
        <source>the folder cannot be read: %1</source>
        <translation>无法读取文件夹：%1</translation>
    </message>
    <message>
        <source>no text could be read</source>
        <translation>没有读到文字</translation>
    </message>
    <message>
        <source>this is no GGUF file: it does not start with the letters GGUF</source>
        <translation>这不是 GGUF 文件：开头不是字母 GGUF</translation>
    </message>
    <message>
        <source>tensor %1 ends past the end of the file</source>
        <translation>张量 %1 超出文件末尾</translation>
    </message>
    <message>
        <source>the file ends inside %1</source>
        <translation>文件在“%1”中间结束</translation>
    </message>
    <message>
        <source>tensor %1 is missing</source>
        <translation>缺少张量 %1</translation>
    </message>
    <message>
        <source>tensor %1 occurs twice</source>
        <translation>张量 %1 出现了两次</translation>
    </message>
    <message>
        <source>this version runs %1</source>
        <translation>此版本支持：%1</translation>
    </message>
    <message>
        <source>this version knows no such type</source>
        <translation>此版本不认识这种类型</translation>
    </message>
    <message>
        <source>the model architecture &quot;%1&quot;</source>
        <translation>模型架构“%1”</translation>
    </message>
    <message>
        <source>it has neither model.safetensors nor model.safetensors.index.json</source>
        <translation>其中既没有 model.safetensors，也没有 model.safetensors.index.json</translation>
    </message>
    <message>
        <source>it is a GGUF file in big-endian byte order, for other processors</source>
        <translation>这是大端字节序的 GGUF 文件，供其他处理器使用</translation>
    </message>
    <message>
        <source>%1 to %2</source>
        <translation>%1 至 %2</translation>
    </message>
    <message>
        <source>%1, %2</source>
        <translation>%1、%2</translation>
    </message>
    <message>
        <source>%1 and %2 more</source>
        <translation>%1 及另外 %2</translation>
    </message>
    <message>
        <source>%1 as a draft model for %2</source>
        <translation>用 %1 作 %2 的草稿模型</translation>
    </message>
    <message>
        <source>it is not smaller than the model</source>
        <translation>它并不比该模型小</translation>
    </message>
    <message>
        <source>an embedding model writes no text; both are chat models</source>
        <translation>嵌入模型不会写文本；两者都必须是对话模型</translation>
    </message>
    <message>
        <source>the cache of %1 (%2) keeps a window or a state and cannot take wrong guesses back; use it without a draft model</source>
        <translation>%1（%2）的缓存只保留一个窗口或状态，无法撤回猜错的内容；请不要给它配草稿模型</translation>
    </message>
    <message>
        <source>without a tokenizer in both files nobody knows whether their tokens mean the same</source>
        <translation>两个文件必须都带分词器，否则无从知道它们的词元是否相同</translation>
    </message>
    <message>
        <source>their vocabularies differ: %1; choose a smaller model of the same family</source>
        <translation>两者的词表不同：%1；请选择同系列中较小的模型</translation>
    </message>
    <message>
        <source>token %1 is %2 to the one and %3 to the other</source>
        <translation>词元 %1 在一个里是 %2，在另一个里是 %3</translation>
    </message>
    <message>
        <source>the one has %1 tokens, the other %2</source>
        <translation>一个有 %1 个词元，另一个有 %2 个</translation>
    </message>
    <message>
        <source>%1 is not supported: %2</source>
        <translation>不支持%1：%2</translation>
    </message>
    <message>
        <source>its GGUF version is %1; versions 2 and 3 are read</source>
        <translation>其 GGUF 版本为 %1；可读取版本 2 和 3</translation>
    </message>
    <message>
        <source>the header claims %1 tensors</source>
        <translation>文件头声称有 %1 个张量</translation>
    </message>
    <message>
        <source>the header claims %1 metadata keys</source>
        <translation>文件头声称有 %1 个元数据键</translation>
    </message>
    <message>
        <source>metadata key %1 is missing</source>
        <translation>缺少元数据键 %1</translation>
    </message>
    <message>
        <source>metadata key %1 is missing or empty</source>
        <translation>元数据键 %1 缺失或为空</translation>
    </message>
    <message>
        <source>metadata key %1 occurs twice</source>
        <translation>元数据键 %1 出现了两次</translation>
    </message>
    <message>
        <source>metadata key %1 has a value of unknown type %2</source>
        <translation>元数据键 %1 的值类型 %2 未知</translation>
    </message>
    <message>
        <source>metadata key %1 holds %2 where %3 is expected</source>
        <translation>元数据键 %1 的内容为 %2，应为 %3</translation>
    </message>
    <message>
        <source>tensor %1 has shape %2, but the model&apos;s hyperparameters ask for %3</source>
        <translation>张量 %1 的形状为 %2，而模型超参数要求 %3</translation>
    </message>
    <message>
        <source>tensor %1 is said to start at %2 of the data, where %3 is expected</source>
        <translation>张量 %1 声称从数据的 %2 处开始，应为 %3</translation>
    </message>
    <message>
        <source>tensor %1 has %2 dimensions</source>
        <translation>张量 %1 有 %2 个维度</translation>
    </message>
    <message>
        <source>tensor %1 is larger than any file</source>
        <translation>张量 %1 比任何文件都大</translation>
    </message>
    <message>
        <source>this is one of %1 files of a split model, but its name does not end in %2</source>
        <translation>这是拆分模型的 %1 个文件之一，但文件名不以 %2 结尾</translation>
    </message>
    <message>
        <source>the parts of this split model hold %1 tensors, where %2 are expected</source>
        <translation>此拆分模型的各部分共有 %1 个张量，应有 %2 个</translation>
    </message>
    <message>
        <source>quantization type %1 of tensor %2</source>
        <translation>张量 %2 的量化类型 %1</translation>
    </message>
    <message>
        <source>the format was removed from GGUF in 2024; convert the model again from its source</source>
        <translation>该格式已于 2024 年从 GGUF 中移除；请从原始模型重新转换</translation>
    </message>
    <message>
        <source>this interleaved layout was removed from GGUF; files with plain Q4_0 or IQ4_NL tensors hold the same weights</source>
        <translation>这种交错布局已从 GGUF 中移除；使用普通 Q4_0 或 IQ4_NL 张量的文件包含相同的权重</translation>
    </message>
    <message>
        <source>the format is for activations in memory and never for weights in a file</source>
        <translation>该格式只用于内存中的激活值，不用于文件中的权重</translation>
    </message>
    <message>
        <source>only ik_llama.cpp reads its own quantization types; quantize the model to a standard type</source>
        <translation>只有 ik_llama.cpp 能读取它自有的量化类型；请将模型量化为标准类型</translation>
    </message>
    <message>
        <source>this version has no decoder for it</source>
        <translation>此版本没有它的解码器</translation>
    </message>
    <message>
        <source>the model type &quot;%1&quot;</source>
        <translation>模型类型“%1”</translation>
    </message>
    <message>
        <source>this version reads folders of %1</source>
        <translation>此版本可读取以下类型的文件夹：%1</translation>
    </message>
    <message>
        <source>the weights in %1</source>
        <translation>%1 中的权重</translation>
    </message>
    <message>
        <source>they are pickled PyTorch files, which can run code; use a version of the model in safetensors format</source>
        <translation>它们是 PyTorch 的 pickle 文件，可能执行代码；请使用 safetensors 格式的模型</translation>
    </message>
    <message>
        <source>it has shards of weights but no model.safetensors.index.json</source>
        <translation>其中有权重分片，但没有 model.safetensors.index.json</translation>
    </message>
    <message>
        <source>weights quantized by &quot;%1&quot;</source>
        <translation>以“%1”量化的权重</translation>
    </message>
    <message>
        <source>this version reads floats, FP8 with block scales and gpt-oss&apos;s MXFP4</source>
        <translation>此版本可读取浮点数、带块缩放的 FP8 以及 gpt-oss 的 MXFP4</translation>
    </message>
    <message>
        <source>the tokenizer in %1</source>
        <translation>%1 中的分词器</translation>
    </message>
    <message>
        <source>tokenizer &quot;%1&quot;</source>
        <translation>分词器“%1”</translation>
    </message>
    <message>
        <source>text with %1</source>
        <translation>用 %1 处理文本</translation>
    </message>
    <message>
        <source>the model has no tokenizer; it takes token ids only</source>
        <translation>该模型没有分词器，只接受词元编号</translation>
    </message>
    <message>
        <source>It has no tokenizer and takes token ids only.</source>
        <translation>该模型没有分词器，只接受词元编号。</translation>
    </message>
    <message>
        <source>It cannot chat: %1.</source>
        <translation>该模型不能对话：%1。</translation>
    </message>
    <message>
        <source>it is a chat model and makes no embeddings; choose an embedding model</source>
        <translation>这是对话模型，不能生成嵌入；请选择嵌入模型</translation>
    </message>
    <message>
        <source>this format has no pages to draw; show its text instead</source>
        <translation>此格式没有可显示的页面；请改为显示其文本</translation>
    </message>
    <message>
        <source>page %1 cannot be drawn</source>
        <translation>无法显示第 %1 页</translation>
    </message>
    <message>
        <source>No such file or directory</source>
        <translation>文件或文件夹不存在</translation>
    </message>
    <message>
        <source>Permission denied</source>
        <translation>没有权限</translation>
    </message>
    <message>
        <source>No space left on device</source>
        <translation>磁盘空间已满</translation>
    </message>
    <message>
        <source>Is a directory</source>
        <translation>这是一个文件夹</translation>
    </message>
    <message>
        <source>Read-only file system</source>
        <translation>文件系统为只读</translation>
    </message>
    <message>
        <source>Input/output error</source>
        <translation>读写出错</translation>
    </message>
    <message>
        <source>it is a folder</source>
        <translation>这是一个文件夹</translation>
    </message>
    <message>
        <source>it is no regular file</source>
        <translation>这不是普通文件</translation>
    </message>
    <message>
        <source>its file is gone; import it again or remove it</source>
        <translation>其文件已不存在；请重新添加或将其移除</translation>
    </message>
    <message>
        <source>the file is not there any more; put it back or remove it from the collection</source>
        <translation>文件已不存在；请将其放回，或从文档集中移除</translation>
    </message>
    <message>
        <source>pip is not installed; install the package python3-pip (apt-get install python3-pip) and run it again</source>
        <translation>未安装 pip；请安装软件包 python3-pip（apt-get install python3-pip）后重试</translation>
    </message>
    <message>
        <source>another process is fetching it; wait until that has ended</source>
        <translation>另一个进程正在下载它；请等待其结束</translation>
    </message>
    <message>
        <source>%1 MB needed, %2 MB free; make room, or choose a data folder on another disk</source>
        <translation>需要 %1 MB，可用 %2 MB；请腾出空间，或选择其他磁盘上的数据文件夹</translation>
    </message>
    <message>
        <source>this user may not write there</source>
        <translation>当前用户无权写入</translation>
    </message>
    <message>
        <source>the disk is full; free some space and try again</source>
        <translation>磁盘已满；请腾出空间后重试</translation>
    </message>
    <message>
        <source>no permission to write there; check the folder&apos;s permissions or choose another data folder</source>
        <translation>没有写入权限；请检查文件夹权限，或选择其他数据文件夹</translation>
    </message>
    <message>
        <source>the file cannot be opened; check that the folder exists and may be written</source>
        <translation>无法打开文件；请检查文件夹是否存在且可写</translation>
    </message>
    <message>
        <source>another program has been writing to it for more than ten seconds; close it and try again</source>
        <translation>另一个程序正在写入，已超过十秒；请关闭该程序后重试</translation>
    </message>
    <message>
        <source>the file is damaged (%1); restore it from the backup beside it or move it away</source>
        <translation>文件已损坏（%1）；请用旁边的备份恢复，或将其移走</translation>
    </message>
    <message>
        <source>the disk reported an error (%1); check the disk and the free space</source>
        <translation>磁盘报告错误（%1）；请检查磁盘和可用空间</translation>
    </message>
    <message>
        <source>opening</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>opening the file</source>
        <translation>打开文件</translation>
    </message>
    <message>
        <source>opening the document</source>
        <translation>打开文档</translation>
    </message>
    <message>
        <source>opening the model</source>
        <translation>打开模型</translation>
    </message>
    <message>
        <source>opening the model %1</source>
        <translation>打开模型 %1</translation>
    </message>
    <message>
        <source>opening the collection</source>
        <translation>打开文档集</translation>
    </message>
    <message>
        <source>opening the database</source>
        <translation>打开数据库</translation>
    </message>
    <message>
        <source>reading</source>
        <translation>读取</translation>
    </message>
    <message>
        <source>reading the file</source>
        <translation>读取文件</translation>
    </message>
    <message>
        <source>mapping the file</source>
        <translation>映射文件</translation>
    </message>
    <message>
        <source>writing the file</source>
        <translation>写入文件</translation>
    </message>
    <message>
        <source>changing the database</source>
        <translation>修改数据库</translation>
    </message>
    <message>
        <source>reading or writing the database</source>
        <translation>读写数据库</translation>
    </message>
    <message>
        <source>removing the document</source>
        <translation>移除文档</translation>
    </message>
    <message>
        <source>downloading</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>downloading the model</source>
        <translation>下载模型</translation>
    </message>
    <message>
        <source>fetching the model</source>
        <translation>获取模型</translation>
    </message>
    <message>
        <source>creating the folder</source>
        <translation>创建文件夹</translation>
    </message>
    <message>
        <source>starting the document reader</source>
        <translation>启动文档阅读器</translation>
    </message>
    <message>
        <source>a run that needs %1 GB where %2 GB are free</source>
        <translation>此次训练需要 %1 GB 内存，可用内存为 %2 GB</translation>
    </message>
    <message>
        <source>it would fit with %1</source>
        <translation>使用 %1 即可容纳</translation>
    </message>
    <message>
        <source>a smaller model, or a smaller quantization of it, may fit</source>
        <translation>换用更小的模型或更小的量化或许可行</translation>
    </message>
    <message>
        <source>training the run %1</source>
        <translation>训练任务 %1</translation>
    </message>
    <message>
        <source>removing the run %1</source>
        <translation>删除训练任务 %1</translation>
    </message>
    <message>
        <source>it is being trained already</source>
        <translation>它正在训练中</translation>
    </message>
    <message>
        <source>it is being trained</source>
        <translation>它正在训练中</translation>
    </message>
    <message>
        <source>there is no such run</source>
        <translation>没有这个训练任务</translation>
    </message>
    <message>
        <source>it is not there any more</source>
        <translation>它已不存在</translation>
    </message>
    <message>
        <source>row %1 is no object</source>
        <translation>第 %1 行不是对象</translation>
    </message>
    <message>
        <source>row %1 is of no known format; its keys are %2</source>
        <translation>第 %1 行的格式无法识别；其键为 %2</translation>
    </message>
    <message>
        <source>row %1 has no text &quot;%2&quot;</source>
        <translation>第 %1 行没有文本“%2”</translation>
    </message>
    <message>
        <source>row %1 has no list &quot;%2&quot;</source>
        <translation>第 %1 行没有列表“%2”</translation>
    </message>
    <message>
        <source>row %1 has no column &quot;%2&quot;</source>
        <translation>第 %1 行没有列“%2”</translation>
    </message>
    <message>
        <source>row %1 has %2 columns, which is not what the first one has</source>
        <translation>第 %1 行有 %2 列，与首行不同</translation>
    </message>
    <message>
        <source>row %1 has a quote that does not end</source>
        <translation>第 %1 行的引号没有结束</translation>
    </message>
    <message>
        <source>it is no valid JSON: it holds a zero byte</source>
        <translation>不是有效的 JSON：其中有零字节</translation>
    </message>
    <message>
        <source>it is no valid JSON: behind row %1 it neither goes on nor ends</source>
        <translation>不是有效的 JSON：第 %1 行之后既没有继续也没有结束</translation>
    </message>
    <message>
        <source>it is no valid JSON: behind &quot;%1&quot; it neither goes on nor ends</source>
        <translation>不是有效的 JSON：“%1”之后既没有继续也没有结束</translation>
    </message>
    <message>
        <source>it is no valid JSON: something follows its end</source>
        <translation>不是有效的 JSON：结束之后还有内容</translation>
    </message>
    <message>
        <source>it is no valid JSON: a key and a colon are missing</source>
        <translation>不是有效的 JSON：缺少键和冒号</translation>
    </message>
    <message>
        <source>it is no valid JSON: %1</source>
        <translation>不是有效的 JSON：%1</translation>
    </message>
    <message>
        <source>its JSON cannot be used: %1</source>
        <translation>其 JSON 无法使用：%1</translation>
    </message>
    <message>
        <source>the JSON is nested more than %1 levels deep</source>
        <translation>JSON 的嵌套超过 %1 层</translation>
    </message>
    <message>
        <source>the JSON has the key &quot;%1&quot; twice</source>
        <translation>JSON 中的键“%1”出现了两次</translation>
    </message>
    <message>
        <source>row %1 has a message without a role and a text</source>
        <translation>第 %1 行有一条消息缺少角色或文本</translation>
    </message>
    <message>
        <source>row %1 has a turn without &quot;from&quot; and &quot;value&quot;</source>
        <translation>第 %1 行有一轮对话缺少“from”或“value”</translation>
    </message>
    <message>
        <source>row %1 has a turn of the role &quot;%2&quot;</source>
        <translation>第 %1 行有一轮对话的角色为“%2”</translation>
    </message>
    <message>
        <source>row %1 is a preference, which the objectives dpo and orpo learn from</source>
        <translation>第 %1 行是偏好数据，只有目标 dpo 和 orpo 能使用</translation>
    </message>
    <message>
        <source>row %1 is no preference, which this objective learns from</source>
        <translation>第 %1 行不是偏好数据，而此目标需要偏好数据</translation>
    </message>
    <message>
        <source>nothing would be learned: of %1 rows</source>
        <translation>没有可学习的内容：共 %1 行，</translation>
    </message>
    <message>
        <source>%1 are longer than %2 tokens,</source>
        <translation>其中 %1 段长于 %2 个词元，</translation>
    </message>
    <message>
        <source>%1 have no trained token and</source>
        <translation>%1 段没有可训练的词元，</translation>
    </message>
    <message>
        <source>%1 are held out</source>
        <translation>%1 段留作评估</translation>
    </message>
    <message>
        <source>is no list of rows</source>
        <translation>不是由行组成的列表</translation>
    </message>
    <message>
        <source>holds one object with several lists, not a list of rows</source>
        <translation>是一个含有多个列表的对象，而不是由行组成的列表</translation>
    </message>
    <message>
        <source>is no text in a known encoding</source>
        <translation>不是已知编码的文本</translation>
    </message>
    <message>
        <source>training a conversation</source>
        <translation>用对话训练</translation>
    </message>
    <message>
        <source>the model has no chat template</source>
        <translation>此模型没有对话模板</translation>
    </message>
    <message>
        <source>training plain text</source>
        <translation>用纯文本训练</translation>
    </message>
    <message>
        <source>answering a prompt</source>
        <translation>回答提示</translation>
    </message>
    <message>
        <source>the model has no tokenizer</source>
        <translation>此模型没有分词器</translation>
    </message>
    <message>
        <source>the adapter target &quot;%1&quot;</source>
        <translation>适配器目标“%1”</translation>
    </message>
    <message>
        <source>the model &quot;%1&quot; has no such matrix to adapt</source>
        <translation>模型“%1”没有可供适配的此类矩阵</translation>
    </message>
    <message>
        <source>DoRA on %1</source>
        <translation>对 %1 使用 DoRA</translation>
    </message>
    <message>
        <source>this version scales the rows of whole matrices only</source>
        <translation>此版本只能缩放完整矩阵的行</translation>
    </message>
    <message>
        <source>training a model of the architecture &quot;%1&quot;</source>
        <translation>训练架构为“%1”的模型</translation>
    </message>
    <message>
        <source>this version trains decoders</source>
        <translation>此版本只训练解码器</translation>
    </message>
    <message>
        <source>training an embedding model</source>
        <translation>训练嵌入模型</translation>
    </message>
    <message>
        <source>this version trains models that predict the next token</source>
        <translation>此版本只训练预测下一个词元的模型</translation>
    </message>
    <message>
        <source>going on from %1</source>
        <translation>从 %1 继续</translation>
    </message>
    <message>
        <source>the training data has changed since</source>
        <translation>训练数据此后已更改</translation>
    </message>
    <message>
        <source>the model has changed since</source>
        <translation>模型此后已更改</translation>
    </message>
    <message>
        <source>reading training data</source>
        <translation>读取训练数据</translation>
    </message>
    <message>
        <source>making a folder for the run</source>
        <translation>为训练任务创建文件夹</translation>
    </message>
    <message>
        <source>making a folder for the adapter</source>
        <translation>为适配器创建文件夹</translation>
    </message>
    <message>
        <source>locking the file</source>
        <translation>锁定文件</translation>
    </message>
    <message>
        <source>cutting the file</source>
        <translation>截短文件</translation>
    </message>
    <message>
        <source>reading the run</source>
        <translation>读取训练任务</translation>
    </message>
    <message>
        <source>bringing the run back</source>
        <translation>恢复训练任务</translation>
    </message>
    <message>
        <source>removing the run</source>
        <translation>删除训练任务</translation>
    </message>
    <message>
        <source>removing the adapter</source>
        <translation>删除适配器</translation>
    </message>
    <message>
        <source>bringing the adapter back</source>
        <translation>恢复适配器</translation>
    </message>
    <message>
        <source>reading the adapter</source>
        <translation>读取适配器</translation>
    </message>
    <message>
        <source>reading the checkpoint</source>
        <translation>读取检查点</translation>
    </message>
    <message>
        <source>changing the adapter of the run %1</source>
        <translation>更换任务 %1 的适配器</translation>
    </message>
    <message>
        <source>exporting the adapter %1 in another format</source>
        <translation>以另一种格式导出适配器 %1</translation>
    </message>
    <message>
        <source>it does not say which model it is for</source>
        <translation>其中没有说明它用于哪个模型</translation>
    </message>
    <message>
        <source>is no LoRA adapter: general.type and adapter.type say otherwise</source>
        <translation>不是 LoRA 适配器：general.type 和 adapter.type 与此不符</translation>
    </message>
    <message>
        <source>is no checkpoint of this version</source>
        <translation>不是本版本的检查点</translation>
    </message>
    <message>
        <source>training a quantized model whole</source>
        <translation>完整训练量化模型</translation>
    </message>
    <message>
        <source>tensor %1 is %2; take the original in F32, F16 or BF16, or train an adapter</source>
        <translation>张量 %1 是 %2；请使用 F32、F16 或 BF16 的原始模型，或训练适配器</translation>
    </message>
    <message>
        <source>training a model whole that has no tensor %1</source>
        <translation>完整训练没有张量 %1 的模型</translation>
    </message>
    <message>
        <source>its file joins matrices; this version trains adapters on it</source>
        <translation>它的文件把矩阵合并了；此版本可在其上训练适配器</translation>
    </message>
    <message>
        <source>training a model with residual streams whole</source>
        <translation>完整训练带多条残差流的模型</translation>
    </message>
    <message>
        <source>this version trains adapters on it</source>
        <translation>此版本可在其上训练适配器</translation>
    </message>
    <message>
        <source>choosing experts</source>
        <translation>选择专家</translation>
    </message>
    <message>
        <source>the model &quot;%1&quot; has none</source>
        <translation>模型“%1”没有专家</translation>
    </message>
    <message>
        <source>none of the targets has any</source>
        <translation>所选目标中没有专家</translation>
    </message>
    <message>
        <source>no space on the disk: %1 MB needed, %2 MB free</source>
        <translation>磁盘空间不足：需要 %1 MB，可用 %2 MB</translation>
    </message>
    <message>
        <source>it has more than 64 MB, which would take days to measure on</source>
        <translation>它超过 64 MB，用它测量要花好几天</translation>
    </message>
    <message>
        <source>the file is empty</source>
        <translation>文件是空的</translation>
    </message>
    <message>
        <source>merging the update of %1</source>
        <translation>合并 %1 的更新</translation>
    </message>
    <message>
        <source>the model&apos;s file keeps this matrix in parts</source>
        <translation>模型文件把这个矩阵分成几部分保存</translation>
    </message>
    <message>
        <source>writing %1 as %2</source>
        <translation>把 %1 写成 %2</translation>
    </message>
    <message>
        <source>this version has no encoder for it; choose Q8_0 or F16 for the merged matrices</source>
        <translation>此版本没有它的编码器；请为合并的矩阵选择 Q8_0 或 F16</translation>
    </message>
    <message>
        <source>an adapter for %1</source>
        <translation>用于 %1 的适配器</translation>
    </message>
    <message>
        <source>the model is a %1</source>
        <translation>该模型是 %1</translation>
    </message>
    <message>
        <source>the update of %1 has factors %2, the model&apos;s matrix is %3</source>
        <translation>%1 的更新因子为 %2，而模型的矩阵为 %3</translation>
    </message>
</context>
<context>
    <name>ImportModel</name>
    <message>
        <source>Choose a model file</source>
        <translation>选择模型文件</translation>
    </message>
    <message>
        <source>Models (*.gguf);;All files (*)</source>
        <translation>模型 (*.gguf);;所有文件 (*)</translation>
    </message>
    <message>
        <source>How should “%1” be added?</source>
        <translation>如何添加“%1”？</translation>
    </message>
    <message>
        <source>Used where it is, it takes no further space, but must stay there. A copy in the data folder takes %1 more.</source>
        <translation>在原处使用不占额外空间，但文件必须保留在原处。复制到数据文件夹会另占 %1。</translation>
    </message>
    <message>
        <source>Use it where it is</source>
        <translation>在原处使用</translation>
    </message>
    <message>
        <source>Copy it</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Model file…</source>
        <translation>模型文件…</translation>
    </message>
    <message>
        <source>Model folder…</source>
        <translation>模型文件夹…</translation>
    </message>
    <message>
        <source>Choose a folder with config.json and safetensors</source>
        <translation>选择包含 config.json 和 safetensors 的文件夹</translation>
    </message>
    <message numerus="yes">
        <source>How should %n model(s) be added?</source>
        <translation>
            <numerusform>如何添加这 %n 个模型？</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Messages</name>
    <message>
        <source>page %1</source>
        <translation>第 %1 页</translation>
    </message>
    <message>
        <source>The file has changed since it was indexed; the passage was not found in it as it is now.</source>
        <translation>文件在建立索引后有改动，现在的文件中找不到这段文字。</translation>
    </message>
    <message>
        <source>The answer could not be made</source>
        <translation>无法生成回答</translation>
    </message>
    <message>
        <source>Answer again to retry.</source>
        <translation>点击“重新回答”重试。</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>正在开始…</translation>
    </message>
    <message>
        <source>Reading the attached files…</source>
        <translation>正在读取附件…</translation>
    </message>
    <message>
        <source>Searching the documents…</source>
        <translation>正在检索文档…</translation>
    </message>
    <message>
        <source>Reading the prompt…</source>
        <translation>正在读取提示词…</translation>
    </message>
    <message>
        <source>Waiting for another answer to finish…</source>
        <translation>正在等待另一个回答完成…</translation>
    </message>
    <message>
        <source>Writing…</source>
        <translation>正在撰写…</translation>
    </message>
    <message>
        <source>Stopped. What was written so far is kept.</source>
        <translation>已停止，已生成的内容会保留。</translation>
    </message>
    <message>
        <source>The answer reached its longest allowed length.</source>
        <translation>回答已达到允许的最大长度。</translation>
    </message>
    <message>
        <source>The documents do not seem to answer this. The closest passages are listed above.</source>
        <translation>文档中似乎没有这个问题的答案。最接近的段落列在上方。</translation>
    </message>
    <message>
        <source>No source was used for this answer.</source>
        <translation>此回答没有使用任何来源。</translation>
    </message>
    <message>
        <source>Searched for: %1</source>
        <translation>检索语句：%1</translation>
    </message>
    <message>
        <source>%1 tokens/s</source>
        <translation>%1 词元/秒</translation>
    </message>
    <message>
        <source>first token after %1 s</source>
        <translation>%1 秒后输出首个词元</translation>
    </message>
    <message numerus="yes">
        <source>%n token(s)</source>
        <translation>
            <numerusform>%n 个词元</numerusform>
        </translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>cut at the limit</source>
        <translation>达到长度上限</translation>
    </message>
    <message>
        <source>Model: %1</source>
        <translation>模型：%1</translation>
    </message>
    <message>
        <source>Prompt: %1 tokens, %2 of them reused</source>
        <translation>提示词：%1 个词元，其中 %2 个复用</translation>
    </message>
    <message>
        <source>Prefill: %1 tokens/s</source>
        <translation>预填充：%1 词元/秒</translation>
    </message>
    <message>
        <source>Draft model: %1 of %2 guesses came true</source>
        <translation>草稿模型：猜测 %2 个词元，猜中 %1 个</translation>
    </message>
    <message>
        <source>Retrieval: %1 ms</source>
        <translation>检索：%1 毫秒</translation>
    </message>
    <message>
        <source>Seed: %1</source>
        <translation>随机种子：%1</translation>
    </message>
    <message>
        <source>Reading the prompt… %1 %</source>
        <translation>正在读取提示… %1%</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Stopped before the answer began.</source>
        <translation>已停止，回答尚未开始。</translation>
    </message>
    <message>
        <source>adapter %1</source>
        <translation>适配器 %1</translation>
    </message>
    <message>
        <source>Adapter: %1</source>
        <translation>适配器：%1</translation>
    </message>
</context>
<context>
    <name>Pages</name>
    <message>
        <source>Chat</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Documents</source>
        <translation>文档</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Fine-tune</source>
        <translation>微调</translation>
    </message>
</context>
<context>
    <name>RunConfigFile</name>
    <message>
        <source>Export the configuration</source>
        <translation>导出配置</translation>
    </message>
    <message>
        <source>Configurations (*.json)</source>
        <translation>配置 (*.json)</translation>
    </message>
    <message>
        <source>Saved as %1</source>
        <translation>已保存为 %1</translation>
    </message>
    <message>
        <source>Could not be saved: %1</source>
        <translation>无法保存：%1</translation>
    </message>
</context>
<context>
    <name>RunFields</name>
    <message>
        <source>Rank</source>
        <translation>秩</translation>
    </message>
    <message>
        <source>How much the adapter can learn; more takes more memory and time.</source>
        <translation>适配器能学多少；越大占用的内存和时间越多。</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>How far each step goes; too high and the loss jumps, too low and it hardly falls. A whole model wants a tenth of an adapter&apos;s.</source>
        <translation>每一步走多远；太高损失会跳动，太低几乎不下降。训练整个模型时宜取适配器的十分之一。</translation>
    </message>
    <message>
        <source>Epochs</source>
        <translation>轮数</translation>
    </message>
    <message>
        <source>How often every example is seen.</source>
        <translation>每个示例被学习的次数。</translation>
    </message>
    <message>
        <source>Context length</source>
        <translation>上下文长度</translation>
    </message>
    <message>
        <source>Longest example; longer ones are left out, and shorter contexts take less memory.</source>
        <translation>示例的最大长度；更长的会被略去，越短占用内存越少。</translation>
    </message>
    <message>
        <source>tokens</source>
        <translation>词元</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>方法</translation>
    </message>
    <message>
        <source>LoRA is the usual adapter; rsLoRA suits high ranks, DoRA also trains the length of each row and is slower. The whole model suits small ones in F32, F16 or BF16; it takes about 16 bytes for each parameter.</source>
        <translation>LoRA 是常用的适配器；rsLoRA 适合高秩；DoRA 还训练每一行的长度，速度较慢。“整个模型”适合 F32、F16 或 BF16 的小模型，每个参数约需 16 字节。</translation>
    </message>
    <message>
        <source>Alpha</source>
        <translation>Alpha 系数</translation>
    </message>
    <message>
        <source>Scales the adapter: its effect is alpha divided by the rank.</source>
        <translation>缩放适配器：其作用为 alpha 除以秩。</translation>
    </message>
    <message>
        <source>Targets</source>
        <translation>目标层</translation>
    </message>
    <message>
        <source>Which matrices of the model get an adapter.</source>
        <translation>为模型的哪些矩阵加上适配器。</translation>
    </message>
    <message>
        <source>Dropout</source>
        <translation>随机失活</translation>
    </message>
    <message>
        <source>Share of the adapter&apos;s inputs left out at random, against learning by heart.</source>
        <translation>随机略去适配器输入的比例，防止死记硬背。</translation>
    </message>
    <message>
        <source>Examples per step</source>
        <translation>每步示例数</translation>
    </message>
    <message>
        <source>More make each step steadier and slower.</source>
        <translation>越多每一步越稳定，也越慢。</translation>
    </message>
    <message>
        <source>examples</source>
        <translation>个示例</translation>
    </message>
    <message>
        <source>Computed at a time</source>
        <translation>同时计算</translation>
    </message>
    <message>
        <source>Of a step&apos;s examples; more can be faster and takes more memory.</source>
        <translation>一步中同时计算的示例数；越多可能越快，占用内存也越多。</translation>
    </message>
    <message>
        <source>Packing</source>
        <translation>拼接</translation>
    </message>
    <message>
        <source>Puts short examples together in one context; they do not see each other.</source>
        <translation>把短示例放进同一个上下文；它们互不可见。</translation>
    </message>
    <message>
        <source>Most steps</source>
        <translation>最多步数</translation>
    </message>
    <message>
        <source>Ends the run early; 0 goes through all epochs.</source>
        <translation>提前结束任务；0 表示完成所有轮数。</translation>
    </message>
    <message>
        <source>steps</source>
        <translation>步</translation>
    </message>
    <message>
        <source>Schedule</source>
        <translation>学习率曲线</translation>
    </message>
    <message>
        <source>How the learning rate falls after the warm-up.</source>
        <translation>预热之后学习率如何下降。</translation>
    </message>
    <message>
        <source>Rate at the end</source>
        <translation>结束时的学习率</translation>
    </message>
    <message>
        <source>Share of the learning rate that is left at the last step.</source>
        <translation>最后一步剩下的学习率比例。</translation>
    </message>
    <message>
        <source>Warm-up</source>
        <translation>预热</translation>
    </message>
    <message>
        <source>Steps in which the learning rate rises from zero.</source>
        <translation>学习率从零上升所用的步数。</translation>
    </message>
    <message>
        <source>Weight decay</source>
        <translation>权重衰减</translation>
    </message>
    <message>
        <source>Pulls the trained numbers towards zero a little in every step.</source>
        <translation>每一步把所训练的数值向零拉近一点。</translation>
    </message>
    <message>
        <source>Gradient limit</source>
        <translation>梯度上限</translation>
    </message>
    <message>
        <source>Steps with a longer gradient are shortened to this.</source>
        <translation>超过此值的梯度会被缩短。</translation>
    </message>
    <message>
        <source>Save memory</source>
        <translation>节省内存</translation>
    </message>
    <message>
        <source>Computes parts of the way forward again instead of keeping them: less memory, somewhat slower.</source>
        <translation>重新计算部分前向结果而不保留它们：内存更少，稍慢一些。</translation>
    </message>
    <message>
        <source>Held out</source>
        <translation>留出</translation>
    </message>
    <message>
        <source>Share of the examples that is not trained but used to see whether the model learns by heart.</source>
        <translation>不参与训练的示例比例，用来检查模型是否在死记硬背。</translation>
    </message>
    <message>
        <source>Evaluate every</source>
        <translation>评估间隔</translation>
    </message>
    <message>
        <source>Measures the loss on the held-out examples after so many steps.</source>
        <translation>每隔这么多步在留出的示例上测量损失。</translation>
    </message>
    <message>
        <source>Checkpoint every</source>
        <translation>检查点间隔</translation>
    </message>
    <message>
        <source>A run that is cut off goes on from its last checkpoint.</source>
        <translation>被中断的任务会从最近的检查点继续。</translation>
    </message>
    <message>
        <source>Checkpoints kept</source>
        <translation>保留的检查点</translation>
    </message>
    <message>
        <source>Older ones are deleted.</source>
        <translation>更早的会被删除。</translation>
    </message>
    <message>
        <source>Sample every</source>
        <translation>采样间隔</translation>
    </message>
    <message>
        <source>Answers the prompts below with what has been learned after so many steps.</source>
        <translation>每隔这么多步，用当时学到的内容回答下面的提示。</translation>
    </message>
    <message>
        <source>Sample prompts</source>
        <translation>采样提示</translation>
    </message>
    <message>
        <source>One per line; their answers show how the model changes.</source>
        <translation>每行一个；它们的回答会显示模型的变化。</translation>
    </message>
    <message>
        <source>Longest sample</source>
        <translation>最长采样</translation>
    </message>
    <message>
        <source>A sample ends after so many tokens.</source>
        <translation>采样在这么多词元后结束。</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>随机种子</translation>
    </message>
    <message>
        <source>The same seed, data and settings give the same result, to the bit.</source>
        <translation>相同的种子、数据和设置得到逐位相同的结果。</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>是</translation>
    </message>
    <message>
        <source>no</source>
        <translation>否</translation>
    </message>
    <message>
        <source>not set</source>
        <translation>未设置</translation>
    </message>
    <message>
        <source>Default %1; %2 to %3.</source>
        <translation>默认 %1；范围 %2 至 %3。</translation>
    </message>
    <message>
        <source>Default: %1.</source>
        <translation>默认：%1。</translation>
    </message>
    <message>
        <source>All linear layers</source>
        <translation>所有线性层</translation>
    </message>
    <message>
        <source>Attention only</source>
        <translation>仅注意力</translation>
    </message>
    <message>
        <source>Attention and shared experts</source>
        <translation>注意力和共享专家</translation>
    </message>
    <message>
        <source>Experts only</source>
        <translation>仅专家</translation>
    </message>
    <message>
        <source>Cosine</source>
        <translation>余弦</translation>
    </message>
    <message>
        <source>Linear</source>
        <translation>线性</translation>
    </message>
    <message>
        <source>Constant</source>
        <translation>恒定</translation>
    </message>
    <message>
        <source>Answer as in the examples (SFT)</source>
        <translation>像示例那样回答 (SFT)</translation>
    </message>
    <message>
        <source>Continue texts like these (pretraining)</source>
        <translation>续写这类文本（继续预训练）</translation>
    </message>
    <message>
        <source>Prefer the better of two answers (DPO)</source>
        <translation>偏好两个回答中更好的 (DPO)</translation>
    </message>
    <message>
        <source>Prefer and learn the better of two answers (ORPO)</source>
        <translation>偏好并学习两个回答中更好的 (ORPO)</translation>
    </message>
    <message>
        <source>Rank by matrix</source>
        <translation>按矩阵的秩</translation>
    </message>
    <message>
        <source>Alpha by matrix</source>
        <translation>按矩阵的 Alpha</translation>
    </message>
    <message>
        <source>Begin with</source>
        <translation>起点</translation>
    </message>
    <message>
        <source>Random numbers make a new model of the same shape and vocabulary; what the old one knew is gone, and it takes very much text.</source>
        <translation>随机数会得到一个形状和词表相同的新模型；原模型的知识全部丢失，并且需要非常多的文本。</translation>
    </message>
    <message>
        <source>Optimizer state</source>
        <translation>优化器状态</translation>
    </message>
    <message>
        <source>The two numbers that the optimizer keeps for each trained one; 8 bits take a quarter of their memory.</source>
        <translation>优化器为每个所训练的参数保留的两个数值；8 位只占四分之一的内存。</translation>
    </message>
    <message>
        <source>The whole model</source>
        <translation>整个模型</translation>
    </message>
    <message>
        <source>The model as it is</source>
        <translation>现有的模型</translation>
    </message>
    <message>
        <source>Random numbers</source>
        <translation>随机数</translation>
    </message>
    <message>
        <source>%1 bits</source>
        <translation>%1 位</translation>
    </message>
    <message>
        <source>Experts</source>
        <translation>专家</translation>
    </message>
    <message>
        <source>Of a mixture: all of the targets&apos; experts, or only those that the examples use most; with the targets “Experts only” this is ESFT.</source>
        <translation>对于混合专家模型：训练目标的全部专家，或只训练示例使用最多的专家；目标为“仅专家”时即为 ESFT。</translation>
    </message>
    <message>
        <source>Share they cover</source>
        <translation>覆盖占比</translation>
    </message>
    <message>
        <source>The fewest experts are taken whose tokens or weight come to this; 0 is 0.2 of the tokens, or 0.1 of the weight.</source>
        <translation>取词元或权重合计达到此占比的最少专家；0 表示词元的 0.2 或权重的 0.1。</translation>
    </message>
    <message>
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Most chosen</source>
        <translation>选中最多</translation>
    </message>
    <message>
        <source>Most weight</source>
        <translation>权重最大</translation>
    </message>
</context>
<context>
    <name>RunWords</name>
    <message numerus="yes">
        <source>%n step(s) skipped because loss or gradient were no numbers. A lower learning rate helps.</source>
        <translation>
            <numerusform>有 %n 步因损失或梯度不是数字而被跳过。降低学习率会有帮助。</numerusform>
        </translation>
    </message>
    <message>
        <source>The loss is not falling. Try a higher learning rate or a higher rank, or look whether the examples belong together.</source>
        <translation>损失没有下降。请尝试更大的学习率或秩，或检查示例是否相互一致。</translation>
    </message>
    <message>
        <source>The held-out loss has risen three times in a row: the model begins to learn the examples by heart. It was lowest at step %1; stopping now keeps that state too.</source>
        <translation>留出集损失已连续上升三次：模型开始死记示例。它在第 %1 步最低；现在停止也会保留那时的状态。</translation>
    </message>
    <message numerus="yes">
        <source>%n jump(s) of the gradient. They are limited, but a lower learning rate or a longer warm-up is steadier.</source>
        <translation>
            <numerusform>梯度跳变 %n 次。它们已被限制，但降低学习率或延长预热会更稳定。</numerusform>
        </translation>
    </message>
    <message>
        <source>Training began</source>
        <translation>训练开始</translation>
    </message>
    <message>
        <source>Checkpoint written</source>
        <translation>已写入检查点</translation>
    </message>
    <message>
        <source>Held-out loss %1</source>
        <translation>留出集损失 %1</translation>
    </message>
    <message>
        <source>Step skipped: loss or gradient were no numbers</source>
        <translation>跳过此步：损失或梯度不是数字</translation>
    </message>
    <message>
        <source>Gradient jumped to %1</source>
        <translation>梯度跳到 %1</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <source>Preparing</source>
        <translation>准备中</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>训练中</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Running in another program</source>
        <translation>正在另一个程序中训练</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>已完成</translation>
    </message>
    <message>
        <source>Diverged</source>
        <translation>已发散</translation>
    </message>
    <message>
        <source>Interrupted</source>
        <translation>已中断</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>失败</translation>
    </message>
    <message>
        <source>step %1 of %2</source>
        <translation>第 %1/%2 步</translation>
    </message>
    <message>
        <source>step %1</source>
        <translation>第 %1 步</translation>
    </message>
    <message numerus="yes">
        <source>%n step(s)</source>
        <translation>
            <numerusform>%n 步</numerusform>
        </translation>
    </message>
    <message>
        <source>loss %1</source>
        <translation>损失 %1</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 秒</translation>
    </message>
    <message>
        <source>%1 min %2 s</source>
        <translation>%1 分 %2 秒</translation>
    </message>
    <message>
        <source>%1 h %2 min</source>
        <translation>%1 小时 %2 分</translation>
    </message>
    <message>
        <source>trained</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>held out</source>
        <translation>留出</translation>
    </message>
    <message>
        <source>longer than the context</source>
        <translation>超过上下文长度</translation>
    </message>
    <message>
        <source>nothing to learn in it</source>
        <translation>没有可学习的内容</translation>
    </message>
    <message>
        <source>conversations</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>instructions</source>
        <translation>指令</translation>
    </message>
    <message>
        <source>prompts with completions</source>
        <translation>提示与补全</translation>
    </message>
    <message>
        <source>ShareGPT conversations</source>
        <translation>ShareGPT 对话</translation>
    </message>
    <message>
        <source>preferences</source>
        <translation>偏好</translation>
    </message>
    <message>
        <source>plain text</source>
        <translation>纯文本</translation>
    </message>
    <message>
        <source>tokens</source>
        <translation>词元</translation>
    </message>
    <message>
        <source>table</source>
        <translation>表格</translation>
    </message>
    <message>
        <source>mail addresses</source>
        <translation>邮箱地址</translation>
    </message>
    <message>
        <source>phone numbers</source>
        <translation>电话号码</translation>
    </message>
    <message>
        <source>identity numbers</source>
        <translation>身份证件号码</translation>
    </message>
</context>
<context>
    <name>Sampling</name>
    <message>
        <source>Temperature</source>
        <translation>温度</translation>
    </message>
    <message>
        <source>How freely words are chosen. 0 always takes the likeliest; higher values vary more.</source>
        <translation>选词的自由程度。0 总是取最可能的词元；数值越高变化越多。</translation>
    </message>
    <message>
        <source>Top-k</source>
        <translation>Top-k</translation>
    </message>
    <message>
        <source>Only the k likeliest tokens are considered. 0 turns this off.</source>
        <translation>只考虑最可能的 k 个词元。0 表示关闭。</translation>
    </message>
    <message>
        <source>Top-p</source>
        <translation>Top-p</translation>
    </message>
    <message>
        <source>Only the likeliest tokens that together reach this share are considered. 1 turns this off.</source>
        <translation>只考虑累计概率达到此比例的最可能词元。1 表示关闭。</translation>
    </message>
    <message>
        <source>Min-p</source>
        <translation>Min-p</translation>
    </message>
    <message>
        <source>Leaves out tokens less likely than this share of the likeliest one. 0 turns this off.</source>
        <translation>排除概率低于最可能词元的这一比例的词元。0 表示关闭。</translation>
    </message>
    <message>
        <source>Repetition penalty</source>
        <translation>重复惩罚</translation>
    </message>
    <message>
        <source>Makes tokens that just appeared less likely. 1 turns this off.</source>
        <translation>降低刚出现过的词元的概率。1 表示关闭。</translation>
    </message>
    <message>
        <source>Presence penalty</source>
        <translation>存在惩罚</translation>
    </message>
    <message>
        <source>Lowers tokens that appeared at all. 0 turns this off.</source>
        <translation>降低出现过的词元的概率。0 表示关闭。</translation>
    </message>
    <message>
        <source>Frequency penalty</source>
        <translation>频率惩罚</translation>
    </message>
    <message>
        <source>Lowers tokens by how often they appeared. 0 turns this off.</source>
        <translation>按出现次数降低词元的概率。0 表示关闭。</translation>
    </message>
    <message>
        <source>Longest answer</source>
        <translation>最长回答</translation>
    </message>
    <message>
        <source>Tokens after which an answer ends. 0 leaves it to the model and its context.</source>
        <translation>回答达到这么多词元后结束。0 表示由模型和上下文决定。</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>随机种子</translation>
    </message>
    <message>
        <source>The same seed gives the same answer. −1 draws a new one each time.</source>
        <translation>种子相同则回答相同。−1 表示每次随机。</translation>
    </message>
    <message>
        <source>Passages retrieved</source>
        <translation>检索段落数</translation>
    </message>
    <message>
        <source>How many passages are looked up in the documents for each question.</source>
        <translation>每个问题从文档中检索多少个段落。</translation>
    </message>
</context>
<context>
    <name>Shortcuts</name>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>键盘快捷键</translation>
    </message>
    <message>
        <source>Everywhere</source>
        <translation>任何位置</translation>
    </message>
    <message>
        <source>Go to a chat, a collection, a model or a command</source>
        <translation>转到对话、文档集、模型或命令</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>新对话</translation>
    </message>
    <message>
        <source>Search all chats</source>
        <translation>搜索所有对话</translation>
    </message>
    <message>
        <source>Add files</source>
        <translation>添加文件</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>This list</source>
        <translation>此列表</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>In a chat</source>
        <translation>在对话中</translation>
    </message>
    <message>
        <source>Go to the input</source>
        <translation>转到输入框</translation>
    </message>
    <message>
        <source>Stop the answer</source>
        <translation>停止回答</translation>
    </message>
    <message>
        <source>Answer again</source>
        <translation>重新回答</translation>
    </message>
    <message>
        <source>Edit the last message</source>
        <translation>编辑上一条消息</translation>
    </message>
    <message>
        <source>↑ in the empty input</source>
        <translation>在空输入框中按 ↑</translation>
    </message>
    <message>
        <source>Find in this chat</source>
        <translation>在此对话中查找</translation>
    </message>
    <message>
        <source>Next and previous match</source>
        <translation>下一处和上一处匹配</translation>
    </message>
    <message>
        <source>Save this chat as a file</source>
        <translation>将此对话保存为文件</translation>
    </message>
    <message>
        <source>Show or hide the chats</source>
        <translation>显示或隐藏对话列表</translation>
    </message>
    <message>
        <source>In the conversation</source>
        <translation>在消息区</translation>
    </message>
    <message>
        <source>Previous and next message</source>
        <translation>上一条和下一条消息</translation>
    </message>
    <message>
        <source>Citations, links and buttons of a message</source>
        <translation>消息中的引用、链接和按钮</translation>
    </message>
    <message>
        <source>← and →, Enter</source>
        <translation>← 和 →，Enter</translation>
    </message>
    <message>
        <source>Copy the selection or the message</source>
        <translation>复制所选内容或消息</translation>
    </message>
    <message>
        <source>Delete the message</source>
        <translation>删除消息</translation>
    </message>
    <message>
        <source>Del</source>
        <translation>Del</translation>
    </message>
    <message>
        <source>In lists</source>
        <translation>在列表中</translation>
    </message>
    <message>
        <source>Send, new line</source>
        <translation>发送、换行</translation>
    </message>
    <message>
        <source>Enter, Shift+Enter</source>
        <translation>Enter、Shift+Enter</translation>
    </message>
    <message>
        <source>Answer side by side</source>
        <translation>并排回答</translation>
    </message>
    <message>
        <source>Show everything</source>
        <translation>显示全部</translation>
    </message>
    <message>
        <source>New fine-tuning run</source>
        <translation>新建微调任务</translation>
    </message>
    <message>
        <source>Rename a chat or a run</source>
        <translation>重命名对话或任务</translation>
    </message>
    <message>
        <source>Delete a chat or a run, remove documents</source>
        <translation>删除对话或任务、移除文档</translation>
    </message>
    <message>
        <source>In plots</source>
        <translation>在图表中</translation>
    </message>
    <message>
        <source>Values, one after the other</source>
        <translation>逐个查看数值</translation>
    </message>
    <message>
        <source>← and →</source>
        <translation>← 和 →</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>缩放</translation>
    </message>
    <message>
        <source>Move along</source>
        <translation>平移</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Home 键</translation>
    </message>
    <message>
        <source>Undo what was just deleted or removed</source>
        <translation>撤销刚才的删除或移除</translation>
    </message>
</context>
<context>
    <name>UserMessage</name>
    <message>
        <source>Not enough memory on %1</source>
        <translation>%1 内存不足</translation>
    </message>
    <message>
        <source>%1 needed, %2 free.</source>
        <translation>需要 %1，可用 %2。</translation>
    </message>
    <message>
        <source>Choose a smaller quantization, a shorter context, or unload the other model.</source>
        <translation>请选择更小的量化、更短的上下文，或卸载另一个模型。</translation>
    </message>
    <message>
        <source> (at byte %1)</source>
        <translation>（位于第 %1 字节）</translation>
    </message>
    <message>
        <source>The file is damaged</source>
        <translation>文件已损坏</translation>
    </message>
    <message>
        <source>“%1” is damaged or not what it seems</source>
        <translation>“%1”已损坏或格式不符</translation>
    </message>
    <message>
        <source>Get the file again, or choose another one. The original was not changed.</source>
        <translation>请重新获取该文件或选择其他文件。原文件未被改动。</translation>
    </message>
    <message>
        <source>Not supported: %1</source>
        <translation>不支持：%1</translation>
    </message>
    <message>
        <source>The file itself is fine; this version cannot use it. Choose another model or format.</source>
        <translation>文件本身没有问题，但此版本无法使用。请选择其他模型或格式。</translation>
    </message>
    <message>
        <source>%1 failed</source>
        <translation>%1 出错</translation>
    </message>
    <message>
        <source>While %1: %2.</source>
        <translation>%1 时出错：%2。</translation>
    </message>
    <message>
        <source>Restart the program; if it happens again, choose the CPU in the settings.</source>
        <translation>请重启程序；如果再次发生，请在设置中选择 CPU。</translation>
    </message>
    <message>
        <source>Check that the file exists and may be read, then try again.</source>
        <translation>请确认文件存在且可以读取，然后重试。</translation>
    </message>
    <message>
        <source>Free some disk space, then try again.</source>
        <translation>请清理磁盘空间后重试。</translation>
    </message>
    <message>
        <source>Change the permissions, or choose another data folder in the settings.</source>
        <translation>请更改权限，或在设置中选择其他数据文件夹。</translation>
    </message>
    <message>
        <source>Another program uses the file. Close it, then try again.</source>
        <translation>另一个程序正在使用该文件。请将其关闭后重试。</translation>
    </message>
    <message>
        <source>Check the network connection, then try again: what was downloaded is kept.</source>
        <translation>请检查网络连接后重试：已下载的内容会保留。</translation>
    </message>
    <message>
        <source>A file could not be used</source>
        <translation>无法使用文件</translation>
    </message>
    <message>
        <source>%1: %2 (%3).</source>
        <translation>%1：%2（%3）。</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>Not enough memory</source>
        <translation>内存不足</translation>
    </message>
    <message>
        <source>Close other programs or unload a model, then try again.</source>
        <translation>请关闭其他程序或卸载模型后重试。</translation>
    </message>
    <message>
        <source>The conversation does not fit the model’s context</source>
        <translation>对话超出模型的上下文长度</translation>
    </message>
    <message>
        <source>Start a new chat, shorten the message, or load the model with a longer context.</source>
        <translation>请新建对话、缩短消息，或以更长的上下文加载模型。</translation>
    </message>
    <message>
        <source>Something went wrong</source>
        <translation>出现问题</translation>
    </message>
    <message>
        <source>Try again; if it happens again, copy the details and report them.</source>
        <translation>请重试；如果再次发生，请复制详情并反馈。</translation>
    </message>
    <message numerus="yes">
        <source>about %n second(s) left</source>
        <translation>
            <numerusform>约剩 %n 秒</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>about %n minute(s) left</source>
        <translation>
            <numerusform>约剩 %n 分钟</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>about %n hour(s) left</source>
        <translation>
            <numerusform>约剩 %n 小时</numerusform>
        </translation>
    </message>
    <message>
        <source>The download did not work</source>
        <translation>下载没有成功</translation>
    </message>
    <message>
        <source>%1 could not be fetched from the package index.</source>
        <translation>无法从软件包索引获取 %1。</translation>
    </message>
</context>
<context>
    <name>sy::app::AdapterView</name>
    <message>
        <source>Imported adapter</source>
        <translation>导入的适配器</translation>
    </message>
    <message>
        <source>Chat with it</source>
        <translation>用它对话</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>格式</translation>
    </message>
    <message>
        <source>GGUF file</source>
        <translation>GGUF 文件</translation>
    </message>
    <message>
        <source>PEFT folder</source>
        <translation>PEFT 文件夹</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>it does not say; whether it fits is seen when it is used</source>
        <translation>未说明；是否匹配在使用时才知道</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>Stored at</source>
        <translation>存放位置</translation>
    </message>
    <message>
        <source>Imported. Chats use it like one that was trained here.</source>
        <translation>已导入。对话中的用法与在此训练的适配器相同。</translation>
    </message>
</context>
<context>
    <name>sy::app::ChatPage</name>
    <message>
        <source>Your chats will be listed here.</source>
        <translation>您的对话会列在这里。</translation>
    </message>
    <message>
        <source>Reading the chats…</source>
        <translation>正在读取对话…</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>正在加载模型…</translation>
    </message>
    <message>
        <source>You can write your question already.</source>
        <translation>现在就可以输入问题。</translation>
    </message>
    <message>
        <source>Choose another model</source>
        <translation>选择其他模型</translation>
    </message>
    <message>
        <source>Ask “%1”</source>
        <translation>向“%1”提问</translation>
    </message>
    <message>
        <source>Answers cite the page they come from. Click a citation to see the passage.</source>
        <translation>回答会注明出自哪一页。点击引用标记即可查看原文。</translation>
    </message>
    <message>
        <source>What would you like to know?</source>
        <translation>您想了解什么？</translation>
    </message>
    <message>
        <source>Ask the model directly, or choose documents below to get answers with page citations.</source>
        <translation>可以直接向模型提问，也可以在下方选择文档，获得带页码引用的回答。</translation>
    </message>
    <message>
        <source>Add documents</source>
        <translation>添加文档</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>新对话</translation>
    </message>
    <message>
        <source>The model is still loading.</source>
        <translation>模型仍在加载。</translation>
    </message>
    <message>
        <source>Your message is sent as soon as the model is loaded.</source>
        <translation>模型加载完成后会立即发送您的消息。</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Load a model first.</source>
        <translation>请先加载模型。</translation>
    </message>
    <message>
        <source>No model is loaded.</source>
        <translation>尚未加载模型。</translation>
    </message>
    <message>
        <source>The conversation no longer fits the model’s context.</source>
        <translation>对话已超出模型的上下文长度。</translation>
    </message>
    <message>
        <source>Leave out the oldest messages</source>
        <translation>略去最早的消息</translation>
    </message>
    <message>
        <source>“%1” is still being indexed; answers use what is ready.</source>
        <translation>“%1”仍在建立索引；回答只会用到已就绪的部分。</translation>
    </message>
    <message>
        <source>The collection “%1” no longer exists. Choose another one.</source>
        <translation>文档集“%1”已不存在，请选择其他文档集。</translation>
    </message>
    <message>
        <source>“%1” has no readable documents yet.</source>
        <translation>“%1”中还没有可读取的文档。</translation>
    </message>
    <message>
        <source>Ask anything</source>
        <translation>输入您的问题</translation>
    </message>
    <message>
        <source>Chat deleted</source>
        <translation>对话已删除</translation>
    </message>
    <message>
        <source>“%1” deleted</source>
        <translation>已删除“%1”</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Save this chat as a file</source>
        <translation>将此对话保存为文件</translation>
    </message>
    <message>
        <source>Could not be saved: %1</source>
        <translation>无法保存：%1</translation>
    </message>
    <message>
        <source>No documents</source>
        <translation>不使用文档</translation>
    </message>
    <message>
        <source>Documents to answer from: none</source>
        <translation>回答所依据的文档：无</translation>
    </message>
    <message>
        <source>Documents to answer from: %1</source>
        <translation>回答所依据的文档：%1</translation>
    </message>
    <message numerus="yes">
        <source>%1 (%n document(s))</source>
        <translation>
            <numerusform>%1（%n 个文档）</numerusform>
        </translation>
    </message>
    <message>
        <source>Manage documents…</source>
        <translation>管理文档…</translation>
    </message>
    <message>
        <source>Attach files</source>
        <translation>添加附件</translation>
    </message>
    <message>
        <source>Documents (%1);;All files (*)</source>
        <translation>文档 (%1);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Show or hide the chats</source>
        <translation>显示或隐藏对话列表</translation>
    </message>
    <message>
        <source>Find in this chat</source>
        <translation>在此对话中查找</translation>
    </message>
    <message>
        <source>Settings of this chat</source>
        <translation>此对话的设置</translation>
    </message>
    <message>
        <source>Previous match</source>
        <translation>上一处匹配</translation>
    </message>
    <message>
        <source>Next match</source>
        <translation>下一处匹配</translation>
    </message>
    <message>
        <source>Close the search</source>
        <translation>关闭查找</translation>
    </message>
    <message>
        <source>No match</source>
        <translation>无匹配</translation>
    </message>
    <message numerus="yes">
        <source>%n match(es)</source>
        <translation>
            <numerusform>%n 处匹配</numerusform>
        </translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>This chat now answers from the attached files.</source>
        <translation>此对话现在依据所附文件回答。</translation>
    </message>
    <message>
        <source>Instructions</source>
        <translation>指令</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>对话内容</translation>
    </message>
    <message>
        <source>Documents</source>
        <translation>文档</translation>
    </message>
    <message>
        <source>Room for the answer</source>
        <translation>为回答预留</translation>
    </message>
    <message>
        <source>Nothing found</source>
        <translation>未找到结果</translation>
    </message>
    <message>
        <source>The passage as it was indexed:</source>
        <translation>建立索引时的原文：</translation>
    </message>
    <message>
        <source>Go to the input</source>
        <translation>转到输入框</translation>
    </message>
    <message>
        <source>Answer again</source>
        <translation>重新回答</translation>
    </message>
    <message>
        <source>Search all chats</source>
        <translation>搜索所有对话</translation>
    </message>
    <message>
        <source>Editing an earlier message. The conversation goes on from the new version; the old one is kept.</source>
        <translation>正在编辑较早的消息。对话将从新版本继续，旧版本会保留。</translation>
    </message>
    <message>
        <source>Markdown, for reading (*.md)</source>
        <translation>Markdown，便于阅读 (*.md)</translation>
    </message>
    <message>
        <source>JSON, with everything that is known (*.json)</source>
        <translation>JSON，包含全部记录 (*.json)</translation>
    </message>
    <message>
        <source>Saved as %1</source>
        <translation>已保存为 %1</translation>
    </message>
    <message>
        <source>Messages deleted</source>
        <translation>消息已删除</translation>
    </message>
    <message>
        <source>Message deleted</source>
        <translation>消息已删除</translation>
    </message>
    <message>
        <source>This chat now answers from the attached files, but not from these, which could not be read: %1</source>
        <translation>此对话现在依据所附文件回答，但不包括以下无法读取的文件：%1</translation>
    </message>
    <message>
        <source>The adapter “%1” does not fit the loaded model.</source>
        <translation>适配器“%1”不适用于已加载的模型。</translation>
    </message>
    <message>
        <source>Answer without it</source>
        <translation>不使用它回答</translation>
    </message>
    <message>
        <source>Ask both</source>
        <translation>向两边提问</translation>
    </message>
    <message>
        <source>Adapter</source>
        <translation>适配器</translation>
    </message>
    <message>
        <source>Train an adapter…</source>
        <translation>训练适配器…</translation>
    </message>
    <message>
        <source>Answer side by side</source>
        <translation>并排回答</translation>
    </message>
    <message>
        <source>Drop the files to ask about them</source>
        <translation>松开即可就这些文件提问</translation>
    </message>
</context>
<context>
    <name>sy::app::CheckpointList</name>
    <message>
        <source>Checkpoints</source>
        <translation>检查点</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>步</translation>
    </message>
    <message>
        <source>Held-out loss</source>
        <translation>留出集损失</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>Marks</source>
        <translation>标记</translation>
    </message>
    <message>
        <source>Use this one</source>
        <translation>使用这一个</translation>
    </message>
    <message>
        <source>Chats and exports take the adapter as it was at this step. It can be changed back at any time.</source>
        <translation>对话和导出将使用适配器在这一步时的状态，随时可以改回。</translation>
    </message>
    <message>
        <source>in use</source>
        <translation>使用中</translation>
    </message>
    <message>
        <source>best</source>
        <translation>最佳</translation>
    </message>
    <message>
        <source>No checkpoints yet. They are written as the run goes on; see “Checkpoint every” in its settings.</source>
        <translation>还没有检查点。训练过程中会写入；参见设置中的“检查点间隔”。</translation>
    </message>
    <message>
        <source>The states of the adapter that are kept. Where the held-out loss rises again, an earlier one may answer better.</source>
        <translation>保留下来的适配器状态。如果留出集损失重新上升，较早的检查点可能回答得更好。</translation>
    </message>
    <message>
        <source>The states from which the run could go on. A chat takes the last one; the best one is in the menu Export.</source>
        <translation>任务可以由此继续的各个状态。对话使用最后一个；最佳的一个在“导出”菜单里。</translation>
    </message>
</context>
<context>
    <name>sy::app::ColumnMapping</name>
    <message>
        <source>What a row is</source>
        <translation>每行是什么</translation>
    </message>
    <message>
        <source>A row is</source>
        <translation>每行是</translation>
    </message>
    <message>
        <source>The first rows as they are read</source>
        <translation>按此读取的前几行</translation>
    </message>
    <message>
        <source>The columns of “%1” have names of their own. Say what they are:</source>
        <translation>“%1”的列名无法识别。请指明各列的含义：</translation>
    </message>
    <message>
        <source>The columns of “%1”:</source>
        <translation>“%1”的列：</translation>
    </message>
    <message>
        <source>Column of: %1</source>
        <translation>“%1”所在的列</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1：%2</translation>
    </message>
</context>
<context>
    <name>sy::app::CompareView</name>
    <message>
        <source>Compare runs</source>
        <translation>对比任务</translation>
    </message>
    <message>
        <source>Close the comparison</source>
        <translation>关闭对比</translation>
    </message>
    <message>
        <source>Held-out loss</source>
        <translation>留出集损失</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>Smoothing of the loss</source>
        <translation>损失曲线的平滑程度</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>步</translation>
    </message>
    <message>
        <source>What differs</source>
        <translation>差异</translation>
    </message>
    <message>
        <source>Saved as %1</source>
        <translation>已保存为 %1</translation>
    </message>
    <message>
        <source>%1 could not be written</source>
        <translation>无法写入 %1</translation>
    </message>
    <message>
        <source>There is only one run so far. Duplicate it, change a setting, and compare.</source>
        <translation>目前只有一个任务。复制它并更改一项设置，然后进行对比。</translation>
    </message>
    <message>
        <source>Choose up to four.</source>
        <translation>最多选择四个。</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>步数</translation>
    </message>
    <message>
        <source>Last loss</source>
        <translation>最后的损失</translation>
    </message>
    <message>
        <source>Best held-out loss</source>
        <translation>最低留出集损失</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Highest memory</source>
        <translation>内存峰值</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Examples</source>
        <translation>示例</translation>
    </message>
    <message>
        <source>None of the chosen runs has such values</source>
        <translation>所选任务都没有这样的数值</translation>
    </message>
</context>
<context>
    <name>sy::app::ComparisonView</name>
    <message>
        <source>Side by side</source>
        <translation>并排对比</translation>
    </message>
    <message>
        <source>The same question, answered twice with the same seed</source>
        <translation>同一个问题，用同一个种子回答两次</translation>
    </message>
    <message>
        <source>Answer again</source>
        <translation>重新回答</translation>
    </message>
    <message>
        <source>Answers the last question again on both sides</source>
        <translation>在两边重新回答最后一个问题</translation>
    </message>
    <message>
        <source>Close the side-by-side view</source>
        <translation>关闭并排视图</translation>
    </message>
    <message>
        <source>Adapter of the left answer</source>
        <translation>左侧回答的适配器</translation>
    </message>
    <message>
        <source>Adapter of the right answer</source>
        <translation>右侧回答的适配器</translation>
    </message>
    <message>
        <source>Train an adapter…</source>
        <translation>训练适配器…</translation>
    </message>
    <message>
        <source>Ask below: the answer with this choice appears here.</source>
        <translation>请在下方提问：使用此选择的回答会显示在这里。</translation>
    </message>
    <message>
        <source>Left answer</source>
        <translation>左侧回答</translation>
    </message>
    <message>
        <source>Right answer</source>
        <translation>右侧回答</translation>
    </message>
    <message>
        <source>Go on with this answer</source>
        <translation>以此回答继续</translation>
    </message>
    <message>
        <source>Go on with the left answer</source>
        <translation>以左侧回答继续</translation>
    </message>
    <message>
        <source>Go on with the right answer</source>
        <translation>以右侧回答继续</translation>
    </message>
    <message>
        <source>Follows when the left answer is complete.</source>
        <translation>左侧回答完成后开始。</translation>
    </message>
</context>
<context>
    <name>sy::app::DocumentTable</name>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>页数</translation>
    </message>
    <message>
        <source>Chunks</source>
        <translation>文本块</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
</context>
<context>
    <name>sy::app::CollectionSearch</name>
    <message>
        <source>Shows what retrieval finds for a question, and why: each passage’s place in the search by words and by meaning.</source>
        <translation>查看针对某个问题能检索到什么以及原因：每个段落在字词检索和语义检索中的名次。</translation>
    </message>
    <message>
        <source>Searching…</source>
        <translation>正在搜索…</translation>
    </message>
    <message>
        <source>Search this collection</source>
        <translation>在此文档集中检索</translation>
    </message>
    <message>
        <source>Words and meaning</source>
        <translation>字词和语义</translation>
    </message>
    <message>
        <source>Words only</source>
        <translation>仅字词</translation>
    </message>
    <message>
        <source>Meaning only</source>
        <translation>仅语义</translation>
    </message>
    <message>
        <source>Way of searching</source>
        <translation>检索方式</translation>
    </message>
    <message>
        <source>Nothing found. Try other words, or check that the files are indexed.</source>
        <translation>未找到结果。请换一种说法，或检查文件是否已建立索引。</translation>
    </message>
    <message numerus="yes">
        <source>%n passage(s) in %1 ms. These are what an answer would be made from.</source>
        <translation>
            <numerusform>%1 毫秒内找到 %n 个段落。回答将依据这些段落生成。</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::app::DocumentsPage</name>
    <message>
        <source>New collection</source>
        <translation>新建文档集</translation>
    </message>
    <message>
        <source>Name of the collection:</source>
        <translation>文档集名称：</translation>
    </message>
    <message>
        <source>My documents</source>
        <translation>我的文档</translation>
    </message>
    <message>
        <source>Rename collection</source>
        <translation>重命名文档集</translation>
    </message>
    <message>
        <source>New name:</source>
        <translation>新名称：</translation>
    </message>
    <message>
        <source>Remove the collection “%1”?</source>
        <translation>移除文档集“%1”？</translation>
    </message>
    <message>
        <source>The index is deleted. The files themselves stay where they are.</source>
        <translation>索引会被删除，文件本身保留在原处。</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>Add files</source>
        <translation>添加文件</translation>
    </message>
    <message>
        <source>Documents (%1);;All files (*)</source>
        <translation>文档 (%1);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Add a folder</source>
        <translation>添加文件夹</translation>
    </message>
    <message>
        <source>Samples</source>
        <translation>示例文档</translation>
    </message>
    <message numerus="yes">
        <source>%n document(s) removed from the collection</source>
        <translation>
            <numerusform>已从文档集中移除 %n 个文档</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Password</source>
        <translation>密码</translation>
    </message>
    <message>
        <source>Password of %1:</source>
        <translation>%1 的密码：</translation>
    </message>
    <message>
        <source>Collections</source>
        <translation>文档集</translation>
    </message>
    <message>
        <source>More for this collection</source>
        <translation>此文档集的更多操作</translation>
    </message>
    <message>
        <source>Ask in a new chat</source>
        <translation>在新对话中提问</translation>
    </message>
    <message>
        <source>Index everything again…</source>
        <translation>全部重新索引…</translation>
    </message>
    <message>
        <source>Index all of “%1” again?</source>
        <translation>重新索引“%1”的全部文档？</translation>
    </message>
    <message>
        <source>Every document is read anew. Files that changed are noticed without this.</source>
        <translation>所有文档都会重新读取。有改动的文件无需这样做也会被发现。</translation>
    </message>
    <message>
        <source>Index again</source>
        <translation>重新索引</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>重命名…</translation>
    </message>
    <message>
        <source>Remove collection…</source>
        <translation>移除文档集…</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>检索</translation>
    </message>
    <message>
        <source>Files or search</source>
        <translation>文件或检索</translation>
    </message>
    <message>
        <source>Documents of the collection</source>
        <translation>文档集中的文档</translation>
    </message>
    <message>
        <source>Takes the documents out of the collection; the files stay where they are (Del)</source>
        <translation>将文档移出文档集；文件保留在原处（Del）</translation>
    </message>
    <message>
        <source>Indexing of “%1” stopped; what is done stays.</source>
        <translation>已停止索引“%1”；已完成的部分会保留。</translation>
    </message>
    <message numerus="yes">
        <source>%n document(s) indexed in %1 s</source>
        <translation>
            <numerusform>已索引 %n 个文档，用时 %1 秒</numerusform>
        </translation>
    </message>
    <message>
        <source>Reading the collections…</source>
        <translation>正在读取文档集…</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Your documents, ready to be asked</source>
        <translation>向您的文档提问</translation>
    </message>
    <message>
        <source>A collection is a set of files that chats can answer from, with the page each answer comes from. Drop files or a folder here, or choose them.</source>
        <translation>文档集是一组文件，对话可以依据它们回答，并注明每个回答出自哪一页。将文件或文件夹拖放到这里，或点击选择。</translation>
    </message>
    <message>
        <source>Try the samples</source>
        <translation>试用示例文档</translation>
    </message>
    <message>
        <source>Indexing “%1”</source>
        <translation>正在索引“%1”</translation>
    </message>
    <message>
        <source>Enter the password…</source>
        <translation>输入密码…</translation>
    </message>
    <message>
        <source>No documents yet</source>
        <translation>还没有文档</translation>
    </message>
    <message>
        <source>Drop files or a folder here, or choose them above.</source>
        <translation>将文件或文件夹拖放到这里，或在上方选择。</translation>
    </message>
    <message numerus="yes">
        <source>%n document(s)</source>
        <translation>
            <numerusform>%n 个文档</numerusform>
        </translation>
    </message>
    <message>
        <source>Continue indexing</source>
        <translation>继续索引</translation>
    </message>
    <message numerus="yes">
        <source>%n document(s) not indexed yet: answers do not use them.</source>
        <translation>
            <numerusform>%n 个文档尚未建立索引：回答不会用到它们。</numerusform>
        </translation>
    </message>
    <message>
        <source>Drop to make a collection of them</source>
        <translation>松开即可用它们新建文档集</translation>
    </message>
    <message>
        <source>Drop to add to “%1”</source>
        <translation>松开即可添加到“%1”</translation>
    </message>
</context>
<context>
    <name>sy::app::FineTunePage</name>
    <message>
        <source>“%1” deleted</source>
        <translation>已删除“%1”</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>New run</source>
        <translation>新建任务</translation>
    </message>
    <message>
        <source>Reading the runs…</source>
        <translation>正在读取任务…</translation>
    </message>
    <message>
        <source>Teach a model from your examples</source>
        <translation>用您的示例教模型</translation>
    </message>
    <message>
        <source>Fine-tuning trains a small adapter on top of a model: it learns a tone, a format or facts from examples. The model itself stays as it is, and the adapter works in the chat the moment it is trained. Nothing leaves this computer.</source>
        <translation>微调会在模型之上训练一个小的适配器：它从示例中学习语气、格式或知识。模型本身保持不变，适配器训练完成后即可在对话中使用。任何数据都不会离开这台电脑。</translation>
    </message>
    <message>
        <source>%1, copy</source>
        <translation>%1（副本）</translation>
    </message>
    <message>
        <source>“%1” taken out of the queue</source>
        <translation>已将“%1”移出队列</translation>
    </message>
    <message>
        <source>Stop the run first.</source>
        <translation>请先停止任务。</translation>
    </message>
    <message>
        <source>“%1” imported</source>
        <translation>已导入“%1”</translation>
    </message>
    <message>
        <source>Exported to %1</source>
        <translation>已导出到 %1</translation>
    </message>
    <message>
        <source>Chats with “%1” now use step %2</source>
        <translation>使用“%1”的对话现在采用第 %2 步</translation>
    </message>
    <message>
        <source>Imported adapter</source>
        <translation>导入的适配器</translation>
    </message>
    <message>
        <source>Import a GGUF adapter…</source>
        <translation>导入 GGUF 适配器…</translation>
    </message>
    <message>
        <source>Import a PEFT folder…</source>
        <translation>导入 PEFT 文件夹…</translation>
    </message>
    <message>
        <source>Drop examples to train on, or an adapter to bring in</source>
        <translation>松开即可用作训练样本，或导入适配器</translation>
    </message>
    <message>
        <source>“%1” is written</source>
        <translation>“%1”已写好</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>显示</translation>
    </message>
</context>
<context>
    <name>sy::app::FirstRunPanel</name>
    <message>
        <source>Adding %1</source>
        <translation>正在添加 %1</translation>
    </message>
    <message>
        <source>Checking %1</source>
        <translation>正在校验 %1</translation>
    </message>
    <message>
        <source>Getting %1</source>
        <translation>正在获取 %1</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>正在下载</translation>
    </message>
    <message>
        <source>Checking the download</source>
        <translation>正在校验下载内容</translation>
    </message>
    <message>
        <source>Putting the parts together</source>
        <translation>正在合并各部分</translation>
    </message>
    <message>
        <source>Converting</source>
        <translation>正在转换</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 / %2</translation>
    </message>
    <message>
        <source>Welcome to Switchyard</source>
        <translation>欢迎使用 Switchyard</translation>
    </message>
    <message>
        <source>Chat with your documents on this computer. Nothing leaves it. A language model is all that is missing.</source>
        <translation>在这台电脑上与您的文档对话，任何内容都不会离开本机。现在只差一个语言模型。</translation>
    </message>
    <message>
        <source>Download the starter models</source>
        <translation>下载入门模型</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>Use a model you have</source>
        <translation>使用已有的模型</translation>
    </message>
    <message>
        <source>Everything in the catalogue is installed.</source>
        <translation>目录中的模型均已安装。</translation>
    </message>
    <message>
        <source> and </source>
        <translation>，</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>选择…</translation>
    </message>
    <message>
        <source>A GGUF file or a folder of safetensors from your disk. You can also drop it here.</source>
        <translation>磁盘上的 GGUF 文件或 safetensors 文件夹，也可以直接拖放到这里。</translation>
    </message>
    <message>
        <source>Waiting for its turn</source>
        <translation>正在排队</translation>
    </message>
    <message>
        <source>Download stopped. The finished parts are kept: Download goes on from there.</source>
        <translation>下载已停止。已完成的部分会保留：再次下载时从那里继续。</translation>
    </message>
    <message>
        <source>“%1” was not added.</source>
        <translation>未添加“%1”。</translation>
    </message>
    <message>
        <source>The check was stopped.</source>
        <translation>校验已停止。</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>%1 (%2) to answer</source>
        <translation>%1（%2）用于回答</translation>
    </message>
    <message>
        <source>%1 (%2) to search by meaning</source>
        <translation>%1（%2）用于按语义检索</translation>
    </message>
    <message>
        <source>%1. %2 to download.</source>
        <translation>%1。需要下载 %2。</translation>
    </message>
    <message>
        <source>Drop to import the model</source>
        <translation>松开即可导入模型</translation>
    </message>
</context>
<context>
    <name>sy::app::MainWindow</name>
    <message>
        <source>Status</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Working</source>
        <translation>正在进行</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>设备</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>网络</translation>
    </message>
    <message>
        <source>Loading…</source>
        <translation>正在加载…</translation>
    </message>
    <message>
        <source>Could not be loaded</source>
        <translation>无法加载</translation>
    </message>
    <message>
        <source>No model loaded</source>
        <translation>未加载模型</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1%</translation>
    </message>
    <message>
        <source>Indexing documents</source>
        <translation>正在索引文档</translation>
    </message>
    <message>
        <source>%1 tokens/s</source>
        <translation>%1 词元/秒</translation>
    </message>
    <message>
        <source>%1 tokens/s in the last answer</source>
        <translation>上次回答 %1 词元/秒</translation>
    </message>
    <message numerus="yes">
        <source>%1, %n thread(s)</source>
        <translation>
            <numerusform>%1，%n 线程</numerusform>
        </translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>正在下载</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>离线</translation>
    </message>
    <message>
        <source>A model is being downloaded because you asked for it.</source>
        <translation>正在按您的要求下载模型。</translation>
    </message>
    <message>
        <source>Nothing leaves this computer.</source>
        <translation>任何内容都不会离开这台电脑。</translation>
    </message>
    <message>
        <source>%1 used by Switchyard, %2 of %3 free</source>
        <translation>Switchyard 使用 %1，可用 %2 / %3</translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation>复制详情</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>键盘快捷键</translation>
    </message>
    <message>
        <source>Go to a chat, a collection, a model or a command</source>
        <translation>转到对话、文档集、模型或命令</translation>
    </message>
    <message>
        <source>Adapter</source>
        <translation>适配器</translation>
    </message>
    <message>
        <source>“%1” is trained</source>
        <translation>“%1”已训练完成</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>查看</translation>
    </message>
    <message>
        <source>Training “%1”: %2 %</source>
        <translation>正在训练“%1”：%2 %</translation>
    </message>
    <message>
        <source>Training “%1”</source>
        <translation>正在训练“%1”</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Merging “%1”: %2 %</source>
        <translation>正在合并“%1”：%2 %</translation>
    </message>
    <message>
        <source>Merging “%1”</source>
        <translation>正在合并“%1”</translation>
    </message>
</context>
<context>
    <name>sy::app::MergeView</name>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>Merge an adapter into a model</source>
        <translation>把适配器合并到模型中</translation>
    </message>
    <message>
        <source>Merge “%1” into a model</source>
        <translation>把“%1”合并到模型中</translation>
    </message>
    <message>
        <source>Merging “%1”</source>
        <translation>正在合并“%1”</translation>
    </message>
    <message>
        <source>“%1” is merged</source>
        <translation>“%1”已合并</translation>
    </message>
    <message>
        <source>Writes a new model with what the adapter has learned in its weights, for programs that cannot load adapters. Model and adapter stay as they are.</source>
        <translation>写出一个新模型，把适配器学到的内容放进权重里，供无法加载适配器的程序使用。原模型和适配器保持不变。</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>File name</source>
        <translation>文件名</translation>
    </message>
    <message>
        <source>Another folder…</source>
        <translation>其他文件夹…</translation>
    </message>
    <message>
        <source>In the models folder the new model is in the list of models at once</source>
        <translation>放在模型文件夹里，新模型会立即出现在模型列表中</translation>
    </message>
    <message>
        <source>As in the model</source>
        <translation>与模型相同</translation>
    </message>
    <message>
        <source>Type of the weights that change</source>
        <translation>被改动的权重的类型</translation>
    </message>
    <message>
        <source>With few bits some of what was learned is lost in rounding; Q8_0 keeps nearly all of it and takes more room.</source>
        <translation>位数少时，学到的内容会因舍入损失一些；Q8_0 几乎全部保留，但占用空间更多。</translation>
    </message>
    <message>
        <source>Strength of the adapter</source>
        <translation>适配器强度</translation>
    </message>
    <message>
        <source>1: as it was trained</source>
        <translation>1：与训练时相同</translation>
    </message>
    <message>
        <source>Measure what merging costs</source>
        <translation>测量合并的代价</translation>
    </message>
    <message>
        <source>Compares how well the model, the adapter on it and the merged model predict the same text</source>
        <translation>比较原模型、加上适配器的模型和合并后的模型对同一文本的预测效果</translation>
    </message>
    <message>
        <source>Text to measure on</source>
        <translation>用于测量的文本</translation>
    </message>
    <message>
        <source>On the first examples that it was trained on</source>
        <translation>用训练它的前几个示例</translation>
    </message>
    <message>
        <source>On a text file…</source>
        <translation>用文本文件…</translation>
    </message>
    <message>
        <source>On %1</source>
        <translation>用 %1</translation>
    </message>
    <message>
        <source>Merge</source>
        <translation>合并</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>替换</translation>
    </message>
    <message>
        <source>Progress of the merge</source>
        <translation>合并进度</translation>
    </message>
    <message>
        <source>It goes on when you leave this page.</source>
        <translation>离开此页面后会继续进行。</translation>
    </message>
    <message>
        <source>Use in chat</source>
        <translation>用于对话</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>在文件夹中显示</translation>
    </message>
    <message>
        <source>Where to put the new model</source>
        <translation>新模型放在哪里</translation>
    </message>
    <message>
        <source>Choose a text to measure on</source>
        <translation>选择用于测量的文本</translation>
    </message>
    <message>
        <source>Texts (*.txt *.md *.jsonl);;All files (*)</source>
        <translation>文本 (*.txt *.md *.jsonl);;所有文件 (*)</translation>
    </message>
    <message>
        <source>The adapter is not there any more.</source>
        <translation>该适配器已不存在。</translation>
    </message>
    <message>
        <source>Get or add a chat model on the Models page first.</source>
        <translation>请先在“模型”页面获取或添加一个对话模型。</translation>
    </message>
    <message>
        <source>Give the file a name.</source>
        <translation>请给文件起个名字。</translation>
    </message>
    <message>
        <source>The file name cannot have a “/”; choose the folder with the button.</source>
        <translation>文件名不能包含“/”；请用按钮选择文件夹。</translation>
    </message>
    <message>
        <source>That is the model itself: choose another file name.</source>
        <translation>这就是该模型本身：请换一个文件名。</translation>
    </message>
    <message>
        <source>Choose a text to measure on, or measure nothing.</source>
        <translation>请选择用于测量的文本，或不测量。</translation>
    </message>
    <message>
        <source>Not enough room on the disk</source>
        <translation>磁盘空间不足</translation>
    </message>
    <message>
        <source>%1 needed, %2 free.</source>
        <translation>需要 %1，可用 %2。</translation>
    </message>
    <message>
        <source>Free some disk space, choose another folder, or a type with fewer bits.</source>
        <translation>请腾出一些磁盘空间，换一个文件夹，或选择位数更少的类型。</translation>
    </message>
    <message>
        <source>The new file takes %1, the model has %2; %3 are free.</source>
        <translation>新文件占用 %1，原模型为 %2；可用空间 %3。</translation>
    </message>
    <message>
        <source>Reading the model…</source>
        <translation>正在读取模型…</translation>
    </message>
    <message>
        <source>A file of this name is there.</source>
        <translation>已有同名文件。</translation>
    </message>
    <message>
        <source>Replace “%1”?</source>
        <translation>替换“%1”？</translation>
    </message>
    <message>
        <source>The file that is there is lost when the new one is whole.</source>
        <translation>新文件写完后，原有文件就会丢失。</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Reading the text to measure on…</source>
        <translation>正在读取用于测量的文本…</translation>
    </message>
    <message>
        <source>Writing the file to the disk…</source>
        <translation>正在把文件写入磁盘…</translation>
    </message>
    <message>
        <source>Measuring what it costs</source>
        <translation>正在测量代价</translation>
    </message>
    <message>
        <source>Writing %1</source>
        <translation>正在写入 %1</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1 %</translation>
    </message>
    <message>
        <source>Skip measuring</source>
        <translation>跳过测量</translation>
    </message>
    <message>
        <source>The new model is whole already and stays</source>
        <translation>新模型已经完整，会保留下来</translation>
    </message>
    <message>
        <source>Leaves nothing behind</source>
        <translation>不会留下任何文件</translation>
    </message>
    <message>
        <source>The new model is written.</source>
        <translation>新模型已写好。</translation>
    </message>
    <message>
        <source>The new model is written and in the list of models.</source>
        <translation>新模型已写好，并已加入模型列表。</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>大小</translation>
    </message>
    <message>
        <source>%1, the model has %2</source>
        <translation>%1，原模型为 %2</translation>
    </message>
    <message>
        <source>Matrices changed</source>
        <translation>改动的矩阵数</translation>
    </message>
    <message>
        <source>Measured on</source>
        <translation>测量所用</translation>
    </message>
    <message>
        <source>%1 tokens of %2</source>
        <translation>%2 中的 %1 个词元</translation>
    </message>
    <message>
        <source>the examples</source>
        <translation>训练示例</translation>
    </message>
    <message>
        <source>Perplexity of the model</source>
        <translation>原模型的困惑度</translation>
    </message>
    <message>
        <source>With the adapter</source>
        <translation>加上适配器</translation>
    </message>
    <message>
        <source>Merged</source>
        <translation>合并后</translation>
    </message>
    <message>
        <source>%1 (%2 % against the adapter; less is better)</source>
        <translation>%1（相比适配器 %2 %；越低越好）</translation>
    </message>
    <message>
        <source>Quality</source>
        <translation>质量</translation>
    </message>
    <message>
        <source>not measured</source>
        <translation>未测量</translation>
    </message>
</context>
<context>
    <name>sy::app::DraftPicker</name>
    <message>
        <source>Draft model</source>
        <translation>草稿模型</translation>
    </message>
    <message>
        <source>A smaller model with the same vocabulary that guesses ahead. The answers are the same and come faster.</source>
        <translation>词表相同的较小模型，提前猜测后面的词元。回答不变，速度更快。</translation>
    </message>
    <message>
        <source>None</source>
        <translation>无</translation>
    </message>
    <message>
        <source>“%1” cannot guess for this model. %2</source>
        <translation>“%1”不能为此模型猜测。%2</translation>
    </message>
    <message>
        <source>Holds when the model is loaded the next time.</source>
        <translation>下次加载模型时生效。</translation>
    </message>
    <message>
        <source>There is none for this model yet: a draft model is a smaller one of the same family, with the same vocabulary.</source>
        <translation>还没有适合此模型的草稿模型：它应是同系列、词表相同的较小模型。</translation>
    </message>
</context>
<context>
    <name>sy::app::ModelsPage</name>
    <message>
        <source>Chat model</source>
        <translation>对话模型</translation>
    </message>
    <message>
        <source>Embedding model</source>
        <translation>嵌入模型</translation>
    </message>
    <message>
        <source>%1 billion</source>
        <translation>%1 B</translation>
    </message>
    <message>
        <source>%1 million</source>
        <translation>%1 M</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Context length</source>
        <translation>上下文长度</translation>
    </message>
    <message>
        <source> tokens</source>
        <translation> 词元</translation>
    </message>
    <message>
        <source>How much text the model can attend to at once. Longer takes more memory.</source>
        <translation>模型一次能处理的文本长度。越长占用的内存越多。</translation>
    </message>
    <message>
        <source>Draft model</source>
        <translation>草稿模型</translation>
    </message>
    <message>
        <source>Load anyway</source>
        <translation>仍然加载</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>Check the file</source>
        <translation>校验文件</translation>
    </message>
    <message>
        <source>Compares the file with its recorded SHA-256</source>
        <translation>将文件与记录的 SHA-256 比对</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>移除…</translation>
    </message>
    <message>
        <source>Facts</source>
        <translation>详细信息</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>“%1” added</source>
        <translation>已添加“%1”</translation>
    </message>
    <message>
        <source>Download finished</source>
        <translation>下载完成</translation>
    </message>
    <message>
        <source>Chat models</source>
        <translation>对话模型</translation>
    </message>
    <message>
        <source>Embedding models</source>
        <translation>嵌入模型</translation>
    </message>
    <message>
        <source>Loaded</source>
        <translation>已加载</translation>
    </message>
    <message>
        <source>The file is gone</source>
        <translation>文件已不存在</translation>
    </message>
    <message>
        <source>To download</source>
        <translation>可下载</translation>
    </message>
    <message>
        <source>Reading the list of models…</source>
        <translation>正在读取模型列表…</translation>
    </message>
    <message>
        <source>%1 to download</source>
        <translation>需要下载 %1</translation>
    </message>
    <message>
        <source>loaded</source>
        <translation>已加载</translation>
    </message>
    <message>
        <source>the file is gone</source>
        <translation>文件已不存在</translation>
    </message>
    <message>
        <source>used where it is</source>
        <translation>在原处使用</translation>
    </message>
    <message>
        <source>in the data folder</source>
        <translation>位于数据文件夹</translation>
    </message>
    <message>
        <source>The file was moved or deleted. Put it back, or remove the entry and add the file again.</source>
        <translation>文件已被移动或删除。请将其放回原处，或移除此条目后重新添加。</translation>
    </message>
    <message>
        <source>Used to search documents by meaning. It is loaded when it is needed.</source>
        <translation>用于按语义检索文档，需要时会自动加载。</translation>
    </message>
    <message>
        <source>Unload</source>
        <translation>卸载</translation>
    </message>
    <message>
        <source>Loading…</source>
        <translation>正在加载…</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>加载</translation>
    </message>
    <message>
        <source>This version cannot use the file</source>
        <translation>此版本无法使用该文件</translation>
    </message>
    <message>
        <source>Choose another model.</source>
        <translation>请选择其他模型。</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>KV cache</source>
        <translation>KV 缓存</translation>
    </message>
    <message>
        <source>Computing</source>
        <translation>计算</translation>
    </message>
    <message>
        <source>Architecture</source>
        <translation>架构</translation>
    </message>
    <message>
        <source>Name in the file</source>
        <translation>文件内名称</translation>
    </message>
    <message>
        <source>License</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>参数量</translation>
    </message>
    <message>
        <source>%1, %2 per token</source>
        <translation>%1，每个词元使用 %2</translation>
    </message>
    <message>
        <source>Quantization</source>
        <translation>量化</translation>
    </message>
    <message>
        <source>%1 tokens</source>
        <translation>%1 个词元</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>层数</translation>
    </message>
    <message>
        <source>Experts</source>
        <translation>专家</translation>
    </message>
    <message>
        <source>Vocabulary</source>
        <translation>词表大小</translation>
    </message>
    <message>
        <source>KV cache per token</source>
        <translation>每个词元的 KV 缓存</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>SHA-256</source>
        <translation>SHA-256</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>Remove “%1”?</source>
        <translation>移除“%1”？</translation>
    </message>
    <message>
        <source>It is only taken off the list; the file stays where it is.</source>
        <translation>仅从列表中移除；文件保留在原处。</translation>
    </message>
    <message>
        <source>The file in the data folder is deleted (%1).</source>
        <translation>数据文件夹中的文件将被删除（%1）。</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>Add a model</source>
        <translation>添加模型</translation>
    </message>
    <message>
        <source>“%1” is as it was recorded.</source>
        <translation>“%1”与记录一致。</translation>
    </message>
    <message>
        <source>“%1” has changed since it was recorded</source>
        <translation>“%1”与记录不一致</translation>
    </message>
    <message>
        <source>Its SHA-256 is another one now: the file was damaged or replaced.</source>
        <translation>其 SHA-256 已不同：文件被损坏或替换。</translation>
    </message>
    <message>
        <source>Get it again before trusting it.</source>
        <translation>请重新获取后再使用。</translation>
    </message>
    <message>
        <source>Drop to import the model</source>
        <translation>松开即可导入模型</translation>
    </message>
</context>
<context>
    <name>sy::app::ModelService</name>
    <message>
        <source>Loaded without the draft model “%1”</source>
        <translation>已加载，但未使用草稿模型“%1”</translation>
    </message>
    <message>
        <source>Choose another draft model, or none: the answers are the same without, only slower.</source>
        <translation>请选择别的草稿模型，或不用：没有它回答也一样，只是慢一些。</translation>
    </message>
</context>
<context>
    <name>sy::app::PatternTable</name>
    <message>
        <source>Rank and alpha by matrix</source>
        <translation>按矩阵设置秩和 Alpha</translation>
    </message>
    <message>
        <source>Pattern</source>
        <translation>模式</translation>
    </message>
    <message>
        <source>Rank</source>
        <translation>秩</translation>
    </message>
    <message>
        <source>Alpha</source>
        <translation>Alpha 系数</translation>
    </message>
    <message>
        <source>Add a pattern</source>
        <translation>添加模式</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Remove the pattern</source>
        <translation>移除该模式</translation>
    </message>
    <message>
        <source>Names of matrices, * for anything: blk.0.*, *attn_q. An empty field is the value above; where several patterns fit, the first in the order of the alphabet counts.</source>
        <translation>矩阵名称，* 代表任意字符：blk.0.*、*attn_q。留空则用上面的值；若有多个模式匹配，以字母顺序靠前的为准。</translation>
    </message>
</context>
<context>
    <name>sy::app::PlanPanel</name>
    <message>
        <source>Counting…</source>
        <translation>正在统计…</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Counts</source>
        <translation>统计</translation>
    </message>
    <message>
        <source>The data as the model reads it</source>
        <translation>模型读到的数据</translation>
    </message>
    <message>
        <source>Underlined on a colored ground: what the model learns to write. The rest it only reads.</source>
        <translation>带底色和下划线的部分是模型要学会写出的内容，其余部分它只会读取。</translation>
    </message>
    <message>
        <source>Texts that are left out</source>
        <translation>被略去的文本</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Row</source>
        <translation>行</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>词元</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>原因</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>预览</translation>
    </message>
    <message>
        <source>Left out</source>
        <translation>略去</translation>
    </message>
    <message>
        <source>Reading the model and the data…</source>
        <translation>正在读取模型和数据…</translation>
    </message>
    <message>
        <source>Every example is longer than the context</source>
        <translation>所有示例都超过了上下文长度</translation>
    </message>
    <message>
        <source>The longest has %1 tokens.</source>
        <translation>最长的有 %1 个词元。</translation>
    </message>
    <message>
        <source>Take a longer context, or shorter examples.</source>
        <translation>请增大上下文长度，或使用更短的示例。</translation>
    </message>
    <message>
        <source>There is nothing to train in the data</source>
        <translation>数据中没有可训练的内容</translation>
    </message>
    <message numerus="yes">
        <source>%n row(s) were read.</source>
        <translation>
            <numerusform>共读取 %n 行。</numerusform>
        </translation>
    </message>
    <message>
        <source>Look at the rows that are left out, and at the format of the file.</source>
        <translation>请查看被略去的行以及文件的格式。</translation>
    </message>
    <message>
        <source>No token of the data is trained</source>
        <translation>数据中没有要学习的词元</translation>
    </message>
    <message>
        <source>The examples need answers of the assistant.</source>
        <translation>示例中需要包含助手的回答。</translation>
    </message>
    <message>
        <source>Does not fit into memory</source>
        <translation>内存不足</translation>
    </message>
    <message>
        <source>%1 needed, %2 free.</source>
        <translation>需要 %1，可用 %2。</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Adapter and optimizer</source>
        <translation>适配器和优化器</translation>
    </message>
    <message>
        <source>Activations</source>
        <translation>激活值</translation>
    </message>
    <message>
        <source>Other</source>
        <translation>其他</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 / %2</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>行数</translation>
    </message>
    <message>
        <source>Trained</source>
        <translation>参与训练</translation>
    </message>
    <message>
        <source>%1 texts, %2 tokens, %3 of them learned</source>
        <translation>%1 篇文本，%2 个词元，其中学习 %3 个</translation>
    </message>
    <message>
        <source>Held out</source>
        <translation>留出</translation>
    </message>
    <message>
        <source>Longest text</source>
        <translation>最长文本</translation>
    </message>
    <message>
        <source>%1 tokens</source>
        <translation>%1 个词元</translation>
    </message>
    <message>
        <source>Repeated rows</source>
        <translation>重复的行</translation>
    </message>
    <message>
        <source>Without an end</source>
        <translation>没有结尾</translation>
    </message>
    <message>
        <source>%1: the model would not learn to stop there</source>
        <translation>%1：模型学不会在此停止</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>步数</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>%1, row %2 · %3 tokens</source>
        <translation>%1，第 %2 行 · %3 个词元</translation>
    </message>
    <message>
        <source>Left out (%1)</source>
        <translation>略去（%1）</translation>
    </message>
    <message>
        <source>%1: %2 (%3)</source>
        <translation>%1：%2（需 %3）</translation>
    </message>
    <message>
        <source>No single setting would make it fit: choose a smaller model, or unload the one in the chat.</source>
        <translation>没有任何单项设置能使其放得下：请选择更小的模型，或卸载对话中的模型。</translation>
    </message>
    <message>
        <source>Any one of these would make it fit. %1.</source>
        <translation>更改以下任意一项即可放得下：%1。</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1：%2</translation>
    </message>
    <message>
        <source>Looks personal</source>
        <translation>疑似个人信息</translation>
    </message>
    <message>
        <source>Measure the time</source>
        <translation>测量用时</translation>
    </message>
    <message>
        <source>Trained parameters</source>
        <translation>训练参数量</translation>
    </message>
    <message>
        <source>Stop measuring</source>
        <translation>停止测量</translation>
    </message>
    <message>
        <source>Takes a step with a few of the examples and throws it away. With a large model this takes a minute.</source>
        <translation>用少量示例实际训练一步并丢弃结果。模型较大时需要约一分钟。</translation>
    </message>
    <message>
        <source>Gradients and optimizer</source>
        <translation>梯度和优化器</translation>
    </message>
    <message>
        <source>Experts trained</source>
        <translation>训练的专家</translation>
    </message>
    <message>
        <source>Reading the data: %1 %</source>
        <translation>正在读取数据：%1 %</translation>
    </message>
</context>
<context>
    <name>sy::app::RunForm</name>
    <message>
        <source>New run</source>
        <translation>新建任务</translation>
    </message>
    <message>
        <source>Import a configuration…</source>
        <translation>导入配置…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>Saves these settings as a file that “switchyard finetune --config” takes too</source>
        <translation>将这些设置保存为文件，“switchyard finetune --config”也可使用</translation>
    </message>
    <message>
        <source>What it takes</source>
        <translation>所需资源</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Start training</source>
        <translation>开始训练</translation>
    </message>
    <message>
        <source>What to learn</source>
        <translation>学什么</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Files with examples</source>
        <translation>示例文件</translation>
    </message>
    <message>
        <source>Examples</source>
        <translation>示例</translation>
    </message>
    <message>
        <source>Add files…</source>
        <translation>添加文件…</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Remove the file from the examples</source>
        <translation>从示例中移除此文件</translation>
    </message>
    <message>
        <source>Goal</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>How to learn it</source>
        <translation>怎么学</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>高级</translation>
    </message>
    <message>
        <source>Advanced settings</source>
        <translation>高级设置</translation>
    </message>
    <message>
        <source>The same as a command</source>
        <translation>等效命令</translation>
    </message>
    <message>
        <source>Command that does the same</source>
        <translation>作用相同的命令</translation>
    </message>
    <message>
        <source>Copy the command</source>
        <translation>复制命令</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>Get or add a chat model on the Models page first.</source>
        <translation>请先在“模型”页面获取或添加一个对话模型。</translation>
    </message>
    <message>
        <source>Add files with examples to see what the model would read, and what it takes.</source>
        <translation>添加示例文件，即可查看模型会读到什么以及所需资源。</translation>
    </message>
    <message>
        <source>Add to the queue</source>
        <translation>加入队列</translation>
    </message>
    <message>
        <source>%1. %2</source>
        <translation>%1。%2</translation>
    </message>
    <message>
        <source>Counting…</source>
        <translation>正在统计…</translation>
    </message>
    <message>
        <source>Another run is being trained; this one begins after it.</source>
        <translation>另一个任务正在训练；此任务将在其后开始。</translation>
    </message>
    <message>
        <source>Examples (*.jsonl *.json *.ndjson *.csv *.tsv *.txt *.md);;All files (*)</source>
        <translation>示例 (*.jsonl *.json *.ndjson *.csv *.tsv *.txt *.md);;所有文件 (*)</translation>
    </message>
    <message>
        <source>Import a configuration</source>
        <translation>导入配置</translation>
    </message>
    <message>
        <source>Configurations (*.json);;All files (*)</source>
        <translation>配置 (*.json);;所有文件 (*)</translation>
    </message>
    <message>
        <source>“%1” is no configuration</source>
        <translation>“%1”不是配置文件</translation>
    </message>
    <message>
        <source>Choose a file that was exported here or written by “switchyard finetune --print-config”.</source>
        <translation>请选择在此导出的文件，或由“switchyard finetune --print-config”写出的文件。</translation>
    </message>
    <message>
        <source>JSON, JSON lines, CSV or plain text: conversations, instructions, prompts with completions, preferences. You can also drop files here.</source>
        <translation>JSON、JSONL、CSV 或纯文本：对话、指令、带补全的提示、偏好。也可以把文件拖到这里。</translation>
    </message>
    <message>
        <source>Columns</source>
        <translation>列</translation>
    </message>
    <message>
        <source>Which column of the chosen file is the question, and which the answer</source>
        <translation>所选文件中哪一列是问题，哪一列是回答</translation>
    </message>
    <message>
        <source>measuring a step…</source>
        <translation>正在测量一步…</translation>
    </message>
    <message>
        <source>about %1, measured: %2 tokens per second</source>
        <translation>约 %1，实测：每秒 %2 个词元</translation>
    </message>
    <message>
        <source>about %1, an estimate from the step that was measured before</source>
        <translation>约 %1，按之前测量的一步估计</translation>
    </message>
    <message>
        <source>about %1, an estimate: as fast as “%2”</source>
        <translation>约 %1，估计值：按“%2”的速度</translation>
    </message>
    <message>
        <source>not known before a step is measured</source>
        <translation>测量一步后才知道</translation>
    </message>
    <message>
        <source>A run is being trained: a step measured beside it would take too long.</source>
        <translation>正在训练另一任务：此时测量的一步会偏慢。</translation>
    </message>
    <message>
        <source>An adapter that goes on keeps its experts</source>
        <translation>继续训练的适配器保留其专家</translation>
    </message>
    <message>
        <source>Experts are chosen for adapters that begin anew.</source>
        <translation>只有全新的适配器才能选择专家。</translation>
    </message>
    <message>
        <source>Choose all experts, or begin a new adapter.</source>
        <translation>请选择全部专家，或新建适配器。</translation>
    </message>
    <message>
        <source>DPO cannot train the whole model</source>
        <translation>DPO 不能训练整个模型</translation>
    </message>
    <message>
        <source>It compares with the model as it was, which is not kept then.</source>
        <translation>它要与原来的模型比较，而那时原模型已不保留。</translation>
    </message>
    <message>
        <source>Choose the goal ORPO, which learns from the same examples, or another method.</source>
        <translation>请选择目标 ORPO（使用相同的示例），或换一种方法。</translation>
    </message>
    <message>
        <source>The model will know nothing but what these examples teach it, and no language that is not in them.</source>
        <translation>模型将只知道这些示例教给它的内容，示例中没有的语言它也不会。</translation>
    </message>
</context>
<context>
    <name>sy::app::RunPlots</name>
    <message>
        <source>Smoothing</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>Smoothing of the loss</source>
        <translation>损失曲线的平滑程度</translation>
    </message>
    <message>
        <source>How much the line of the loss is evened out; the pale line is the loss as it is.</source>
        <translation>损失曲线的平滑程度；浅色线是原始损失。</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>步</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Gradient norm</source>
        <translation>梯度范数</translation>
    </message>
    <message>
        <source>Tokens per second</source>
        <translation>每秒词元数</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>trained</source>
        <translation>训练</translation>
    </message>
    <message>
        <source>held out</source>
        <translation>留出</translation>
    </message>
    <message>
        <source>rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>norm</source>
        <translation>范数</translation>
    </message>
    <message>
        <source>tokens/s</source>
        <translation>词元/秒</translation>
    </message>
    <message>
        <source>memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>No step yet</source>
        <translation>还没有训练步</translation>
    </message>
    <message>
        <source>Busiest expert over the mean</source>
        <translation>最忙的专家与平均之比</translation>
    </message>
    <message>
        <source>%1 ×</source>
        <translation>%1 倍</translation>
    </message>
    <message>
        <source>Tokens of the expert that has the most, against the mean of its layer: 1 when all are used alike.</source>
        <translation>词元最多的专家与该层平均值之比：所有专家使用均匀时为 1。</translation>
    </message>
    <message>
        <source>Idle experts</source>
        <translation>空闲专家</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1%</translation>
    </message>
    <message>
        <source>Share of all experts that no token of the step went to: they learned nothing from it.</source>
        <translation>这一步中没有分到任何词元的专家所占的比例：它们没有从这一步学到东西。</translation>
    </message>
    <message>
        <source>busiest / mean</source>
        <translation>最忙 / 平均</translation>
    </message>
    <message>
        <source>idle, %</source>
        <translation>空闲，%</translation>
    </message>
</context>
<context>
    <name>sy::app::RunView</name>
    <message>
        <source>Adapter</source>
        <translation>适配器</translation>
    </message>
    <message>
        <source>Progress of the run</source>
        <translation>任务进度</translation>
    </message>
    <message>
        <source>Start now</source>
        <translation>立即开始</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Chat with it</source>
        <translation>用它对话</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Writes a checkpoint and stops; Resume goes on from there to the same result.</source>
        <translation>写入检查点后停止；“继续”会从那里接着训练并得到相同的结果。</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Stop and keep the adapter</source>
        <translation>停止并保留适配器</translation>
    </message>
    <message>
        <source>Stop and discard the run</source>
        <translation>停止并丢弃任务</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>Duplicate</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Begins a new run with these settings</source>
        <translation>用这些设置新建任务</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Parts of the run</source>
        <translation>任务的各部分</translation>
    </message>
    <message>
        <source>Notes</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>What you tried, and what came of it</source>
        <translation>您尝试了什么，结果如何</translation>
    </message>
    <message>
        <source>Samples</source>
        <translation>采样</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>步</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>提示</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>回答</translation>
    </message>
    <message>
        <source>Answer of the sample</source>
        <translation>采样的回答</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>What happened</source>
        <translation>事件</translation>
    </message>
    <message>
        <source>Summary</source>
        <translation>概要</translation>
    </message>
    <message>
        <source>Plots</source>
        <translation>图表</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Saved as %1</source>
        <translation>已保存为 %1</translation>
    </message>
    <message>
        <source>%1 could not be written</source>
        <translation>无法写入 %1</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Examples</source>
        <translation>示例</translation>
    </message>
    <message>
        <source>Goal</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>step %1 of %2</source>
        <translation>第 %1/%2 步</translation>
    </message>
    <message>
        <source>loss %1</source>
        <translation>损失 %1</translation>
    </message>
    <message>
        <source>begins when you say so</source>
        <translation>等待您开始</translation>
    </message>
    <message>
        <source>begins when the run before it ends</source>
        <translation>在前一个任务结束后开始</translation>
    </message>
    <message>
        <source>its program ended while it was trained; nothing before the last checkpoint is lost</source>
        <translation>训练时程序已结束；最近检查点之前的内容没有丢失</translation>
    </message>
    <message>
        <source>the loss stopped being a number: take a lower learning rate</source>
        <translation>损失不再是数字：请降低学习率</translation>
    </message>
    <message>
        <source>Remove from the queue</source>
        <translation>移出队列</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>步数</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1/%2 步</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>损失</translation>
    </message>
    <message>
        <source>from %1 to %2</source>
        <translation>从 %1 到 %2</translation>
    </message>
    <message>
        <source>Best held-out loss</source>
        <translation>最低留出集损失</translation>
    </message>
    <message>
        <source>%1 at step %2</source>
        <translation>%1（第 %2 步）</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>时间</translation>
    </message>
    <message>
        <source>Highest memory</source>
        <translation>内存峰值</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>开始于</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>设置…</translation>
    </message>
    <message>
        <source>Checkpoints</source>
        <translation>检查点</translation>
    </message>
    <message>
        <source>%1, of step %2</source>
        <translation>%1，第 %2 步</translation>
    </message>
    <message>
        <source>Add to the models…</source>
        <translation>添加到模型…</translation>
    </message>
    <message>
        <source>Where it is, or as a copy that stays when the run is deleted</source>
        <translation>使用原处的文件，或复制一份，删除任务后仍保留</translation>
    </message>
    <message>
        <source>Add the best one to the models…</source>
        <translation>把最佳的添加到模型…</translation>
    </message>
    <message>
        <source>The model as it was where the held-out loss was lowest</source>
        <translation>留出集损失最低时的模型</translation>
    </message>
    <message>
        <source>Adds the trained model to the models, where it is, and loads it</source>
        <translation>把训练好的模型（原处的文件）添加到模型列表并载入</translation>
    </message>
    <message>
        <source>Stop and keep the model</source>
        <translation>停止并保留模型</translation>
    </message>
    <message>
        <source>Trained model</source>
        <translation>训练好的模型</translation>
    </message>
    <message>
        <source>Best one</source>
        <translation>最佳模型</translation>
    </message>
    <message>
        <source>reading the data: %1 %</source>
        <translation>正在读取数据：%1 %</translation>
    </message>
</context>
<context>
    <name>sy::app::SamplingPanel</name>
    <message>
        <source>Settings of this chat</source>
        <translation>此对话的设置</translation>
    </message>
    <message>
        <source>Close the settings of this chat</source>
        <translation>关闭此对话的设置</translation>
    </message>
    <message>
        <source>Back to the default: %1</source>
        <translation>恢复默认值：%1</translation>
    </message>
    <message>
        <source>Instructions</source>
        <translation>指令</translation>
    </message>
    <message>
        <source>What the model is told before every message, for example “Answer briefly.”</source>
        <translation>每条消息之前告诉模型的话，例如“请简要回答。”</translation>
    </message>
</context>
<context>
    <name>sy::app::SearchResultsView</name>
    <message>
        <source>words: place %1</source>
        <translation>字词：第 %1 名</translation>
    </message>
    <message>
        <source>words: not found</source>
        <translation>字词：未找到</translation>
    </message>
    <message>
        <source>meaning: place %1</source>
        <translation>语义：第 %1 名</translation>
    </message>
    <message>
        <source>meaning: not found</source>
        <translation>语义：未找到</translation>
    </message>
    <message>
        <source>Results</source>
        <translation>检索结果</translation>
    </message>
    <message>
        <source>page %1</source>
        <translation>第 %1 页</translation>
    </message>
    <message>
        <source>score %1</source>
        <translation>得分 %1</translation>
    </message>
    <message>
        <source>Words score %1, meaning score %2</source>
        <translation>字词得分 %1，语义得分 %2</translation>
    </message>
</context>
<context>
    <name>sy::app::SettingsPage</name>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>主题</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1%</translation>
    </message>
    <message>
        <source>Size of the interface’s text</source>
        <translation>界面文字大小</translation>
    </message>
    <message>
        <source>%1 points</source>
        <translation>%1 磅</translation>
    </message>
    <message>
        <source>Size of the text in chats</source>
        <translation>对话文字大小</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>对话</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source>Ctrl+Enter</source>
        <translation>Ctrl+Enter</translation>
    </message>
    <message>
        <source>Send with</source>
        <translation>发送键</translation>
    </message>
    <message>
        <source>Shift+Enter always breaks the line. Enter never sends while an input method is composing.</source>
        <translation>Shift+Enter 始终换行。输入法正在组词时，Enter 不会发送。</translation>
    </message>
    <message>
        <source>Instructions for every chat</source>
        <translation>所有对话的指令</translation>
    </message>
    <message>
        <source>What the model is told before every message, for example “Answer briefly.”</source>
        <translation>每条消息之前告诉模型的话，例如“请简要回答。”</translation>
    </message>
    <message>
        <source>Defaults for new answers</source>
        <translation>回答的默认设置</translation>
    </message>
    <message>
        <source>Back to the original defaults</source>
        <translation>恢复初始默认值</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>引擎</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>Threads</source>
        <translation>线程数</translation>
    </message>
    <message numerus="yes">
        <source>%n in use now. A change takes effect at the next start.</source>
        <translation>
            <numerusform>当前使用 %n 个。更改在下次启动时生效。</numerusform>
        </translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>更改…</translation>
    </message>
    <message>
        <source>Change the data folder</source>
        <translation>更改数据文件夹</translation>
    </message>
    <message>
        <source>Data folder</source>
        <translation>数据文件夹</translation>
    </message>
    <message>
        <source>%1
Chats, indexes and models are kept here. A change takes effect at the next start; nothing is moved.</source>
        <translation>%1
对话、索引和模型保存在这里。更改在下次启动时生效，不会移动任何内容。</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Open the data folder</source>
        <translation>打开数据文件夹</translation>
    </message>
    <message>
        <source>Show the data folder</source>
        <translation>查看数据文件夹</translation>
    </message>
    <message>
        <source>Choose the data folder</source>
        <translation>选择数据文件夹</translation>
    </message>
    <message>
        <source>%1 will be used from the next start.</source>
        <translation>下次启动时将使用 %1。</translation>
    </message>
    <message>
        <source>Privacy</source>
        <translation>隐私</translation>
    </message>
    <message>
        <source>Chats, documents and answers stay on this computer. The network is used for one thing only: downloading a model from the catalogue, when you press Download.</source>
        <translation>对话、文档和回答都保留在这台电脑上。网络只用于一件事：当您点击“下载”时，从目录下载模型。</translation>
    </message>
    <message>
        <source>Keyboard</source>
        <translation>键盘</translation>
    </message>
    <message>
        <source>Same as the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Same as the interface</source>
        <translation>与界面相同</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>查看</translation>
    </message>
    <message>
        <source>Show all keyboard shortcuts</source>
        <translation>查看全部键盘快捷键</translation>
    </message>
    <message>
        <source>All keyboard shortcuts</source>
        <translation>全部键盘快捷键</translation>
    </message>
    <message>
        <source>Everything can be reached by keyboard. F1 shows the list from anywhere; Ctrl+K finds chats, collections, models and commands by name.</source>
        <translation>所有功能都可以用键盘操作。随时按 F1 查看快捷键列表；按 Ctrl+K 可按名称查找对话、文档集、模型和命令。</translation>
    </message>
</context>
<context>
    <name>sy::widgets::AdapterPicker</name>
    <message>
        <source>Adapter</source>
        <translation>适配器</translation>
    </message>
    <message>
        <source>Adapters for this model</source>
        <translation>适用于此模型的适配器</translation>
    </message>
    <message>
        <source>Strength</source>
        <translation>强度</translation>
    </message>
    <message>
        <source>Strength of the adapter</source>
        <translation>适配器强度</translation>
    </message>
    <message>
        <source>Strength of the adapter, as a number</source>
        <translation>适配器强度（数字）</translation>
    </message>
    <message>
        <source>1 is as it was trained, 0 as without it; above 1 exaggerates.</source>
        <translation>1 为训练时的强度，0 等于不用；大于 1 会夸大效果。</translation>
    </message>
    <message>
        <source>No adapter</source>
        <translation>无适配器</translation>
    </message>
    <message>
        <source>The model as it is</source>
        <translation>模型原样</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1：%2</translation>
    </message>
    <message>
        <source>%1: %2 does not fit the loaded model</source>
        <translation>%1：%2 不适用于已加载的模型</translation>
    </message>
</context>
<context>
    <name>sy::widgets::ChatList</name>
    <message>
        <source>Title of the chat</source>
        <translation>对话标题</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>新对话</translation>
    </message>
    <message>
        <source>New chat (Ctrl+N)</source>
        <translation>新对话（Ctrl+N）</translation>
    </message>
    <message>
        <source>Search chats</source>
        <translation>搜索对话</translation>
    </message>
    <message>
        <source>Search titles and messages (Ctrl+Shift+F)</source>
        <translation>搜索标题和消息（Ctrl+Shift+F）</translation>
    </message>
    <message>
        <source>Chats</source>
        <translation>对话列表</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>今天</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>昨天</translation>
    </message>
    <message>
        <source>Last 7 days</source>
        <translation>最近 7 天</translation>
    </message>
    <message>
        <source>Last 30 days</source>
        <translation>最近 30 天</translation>
    </message>
    <message>
        <source>MMMM</source>
        <translation>M月</translation>
    </message>
    <message>
        <source>MMMM yyyy</source>
        <translation>yyyy年M月</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
</context>
<context>
    <name>sy::widgets::Composer</name>
    <message>
        <source>Dismiss</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>消息</translation>
    </message>
    <message>
        <source>Attach files</source>
        <translation>添加附件</translation>
    </message>
    <message>
        <source>Attach files (or drop them here)</source>
        <translation>添加附件（也可拖放到这里）</translation>
    </message>
    <message>
        <source>Pasted text (%1 characters)</source>
        <translation>粘贴的文本（%1 个字符）</translation>
    </message>
    <message>
        <source>Ask anything</source>
        <translation>输入您的问题</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Stop (Esc)</source>
        <translation>停止（Esc）</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>发送</translation>
    </message>
    <message>
        <source>Send (Enter)</source>
        <translation>发送（Enter）</translation>
    </message>
    <message>
        <source>Remove %1</source>
        <translation>移除 %1</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>另有 %n 个</numerusform>
        </translation>
    </message>
    <message>
        <source>%1
Goes along with the message as a whole. Press to remove.</source>
        <translation>%1
将作为整体随消息发送。点击可移除。</translation>
    </message>
    <message>
        <source>%1
Is indexed; the passages that fit a question are looked up in it. Press to remove.</source>
        <translation>%1
会建立索引，提问时从中查找相关段落。点击可移除。</translation>
    </message>
</context>
<context>
    <name>sy::widgets::ContextGauge</name>
    <message>
        <source>Context</source>
        <translation>上下文</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1%</translation>
    </message>
    <message>
        <source>%1 of %2 tokens of context</source>
        <translation>上下文已用 %1 / %2 个词元</translation>
    </message>
    <message>
        <source>This does not fit. Shorten the message, start a new chat, or load the model with a longer context.</source>
        <translation>内容超出上下文。请缩短消息、新建对话，或以更长的上下文加载模型。</translation>
    </message>
</context>
<context>
    <name>sy::widgets::ConversationView</name>
    <message>
        <source>You</source>
        <translation>您</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>回答</translation>
    </message>
    <message>
        <source> (no source supports this)</source>
        <translation>（没有来源支持这句话）</translation>
    </message>
    <message>
        <source>Copy selection</source>
        <translation>复制所选内容</translation>
    </message>
    <message>
        <source>Copy message</source>
        <translation>复制消息</translation>
    </message>
    <message>
        <source>Select all</source>
        <translation>全选</translation>
    </message>
    <message>
        <source>Answer again</source>
        <translation>重新回答</translation>
    </message>
    <message>
        <source>Edit and ask again</source>
        <translation>编辑后重新提问</translation>
    </message>
    <message>
        <source>Delete from here on</source>
        <translation>删除此处及之后的内容</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>对话内容</translation>
    </message>
    <message>
        <source>Jump to end</source>
        <translation>跳到末尾</translation>
    </message>
    <message>
        <source>Copy code</source>
        <translation>复制代码</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Continue this answer</source>
        <translation>继续回答</translation>
    </message>
    <message>
        <source>%1/%2</source>
        <translation>%1/%2</translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation>复制详情</translation>
    </message>
    <message>
        <source>Previous version</source>
        <translation>上一个版本</translation>
    </message>
    <message>
        <source>Next version</source>
        <translation>下一个版本</translation>
    </message>
    <message>
        <source>Copy as plain text</source>
        <translation>复制为纯文本</translation>
    </message>
    <message>
        <source>Delete this message</source>
        <translation>删除这条消息</translation>
    </message>
</context>
<context>
    <name>sy::widgets::MemoryBar</name>
    <message>
        <source>Memory needed</source>
        <translation>所需内存</translation>
    </message>
    <message>
        <source>%1 needed, %2 free</source>
        <translation>需要 %1，可用 %2</translation>
    </message>
    <message>
        <source>Fits: %1 needed, %2 free</source>
        <translation>内存充足：需要 %1，可用 %2</translation>
    </message>
    <message>
        <source>Does not fit: %1 needed, %2 free</source>
        <translation>内存不足：需要 %1，可用 %2</translation>
    </message>
</context>
<context>
    <name>sy::widgets::NavigationRail</name>
    <message>
        <source>Areas</source>
        <translation>功能区</translation>
    </message>
    <message>
        <source>%1 (%2)</source>
        <translation>%1（%2）</translation>
    </message>
</context>
<context>
    <name>sy::widgets::Notice</name>
    <message>
        <source>Copy details</source>
        <translation>复制详情</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>sy::widgets::PageView</name>
    <message>
        <source>Page of the source</source>
        <translation>来源页面</translation>
    </message>
    <message numerus="yes">
        <source>%n highlighted lines</source>
        <translation>
            <numerusform>%n 行已标出</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>sy::widgets::Palette</name>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Matches</source>
        <translation>匹配项</translation>
    </message>
    <message>
        <source>Nothing has this name</source>
        <translation>没有匹配的名称</translation>
    </message>
</context>
<context>
    <name>sy::widgets::PlotView</name>
    <message>
        <source>%1: %2</source>
        <translation>%1：%2</translation>
    </message>
    <message>
        <source>Logarithmic axis</source>
        <translation>对数坐标轴</translation>
    </message>
    <message>
        <source>Show everything</source>
        <translation>显示全部</translation>
    </message>
    <message>
        <source>Save the plot or its numbers</source>
        <translation>保存图表或数据</translation>
    </message>
    <message>
        <source>Image (PNG)…</source>
        <translation>图片 (PNG)…</translation>
    </message>
    <message>
        <source>Drawing (SVG)…</source>
        <translation>矢量图 (SVG)…</translation>
    </message>
    <message>
        <source>Numbers (CSV)…</source>
        <translation>数据 (CSV)…</translation>
    </message>
    <message>
        <source>Plot: %1</source>
        <translation>图表：%1</translation>
    </message>
    <message>
        <source>The wheel zooms, dragging pans, a double click shows everything.
Keys: ← → values, + − zoom, Shift+← → pan, Home everything.</source>
        <translation>滚轮缩放，拖动平移，双击显示全部。
按键：← → 查看数值，+ − 缩放，Shift+← → 平移，Home 显示全部。</translation>
    </message>
    <message>
        <source>Save “%1”</source>
        <translation>保存“%1”</translation>
    </message>
</context>
<context>
    <name>sy::widgets::ProgressList</name>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Cancel: %1</source>
        <translation>取消：%1</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
</context>
<context>
    <name>sy::widgets::RunList</name>
    <message>
        <source>Name of the run</source>
        <translation>任务名称</translation>
    </message>
    <message>
        <source>New run</source>
        <translation>新建任务</translation>
    </message>
    <message>
        <source>Runs</source>
        <translation>任务</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message>
        <source>Duplicate as a new run</source>
        <translation>复制为新任务</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Import an adapter</source>
        <translation>导入适配器</translation>
    </message>
    <message>
        <source>GGUF file…</source>
        <translation>GGUF 文件…</translation>
    </message>
    <message>
        <source>PEFT folder…</source>
        <translation>PEFT 文件夹…</translation>
    </message>
</context>
<context>
    <name>sy::widgets::SourcePanel</name>
    <message>
        <source>Source</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>Previous source</source>
        <translation>上一个来源</translation>
    </message>
    <message>
        <source>Previous source (Alt+Left)</source>
        <translation>上一个来源（Alt+←）</translation>
    </message>
    <message>
        <source>Next source</source>
        <translation>下一个来源</translation>
    </message>
    <message>
        <source>Next source (Alt+Right)</source>
        <translation>下一个来源（Alt+→）</translation>
    </message>
    <message>
        <source>Open the file</source>
        <translation>打开文件</translation>
    </message>
    <message>
        <source>Close the source</source>
        <translation>关闭来源</translation>
    </message>
    <message>
        <source>Close the source (Esc)</source>
        <translation>关闭来源（Esc）</translation>
    </message>
    <message>
        <source>Text of the source</source>
        <translation>来源文本</translation>
    </message>
    <message>
        <source>Previous page</source>
        <translation>上一页</translation>
    </message>
    <message>
        <source>Next page</source>
        <translation>下一页</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>缩小</translation>
    </message>
    <message>
        <source>Zoom out (Ctrl+−)</source>
        <translation>缩小（Ctrl+−）</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>放大</translation>
    </message>
    <message>
        <source>Zoom in (Ctrl++)</source>
        <translation>放大（Ctrl++）</translation>
    </message>
    <message>
        <source>Fit the width</source>
        <translation>适合宽度</translation>
    </message>
    <message>
        <source>Fit the width (Ctrl+0)</source>
        <translation>适合宽度（Ctrl+0）</translation>
    </message>
    <message>
        <source>Opening the source…</source>
        <translation>正在打开来源…</translation>
    </message>
    <message>
        <source>Page %1</source>
        <translation>第 %1 页</translation>
    </message>
    <message>
        <source>cited in the answer</source>
        <translation>回答中已引用</translation>
    </message>
    <message>
        <source>retrieved, not cited</source>
        <translation>已检索，未引用</translation>
    </message>
    <message>
        <source>score %1</source>
        <translation>得分 %1</translation>
    </message>
    <message>
        <source>Page %1 of %2</source>
        <translation>第 %1 页，共 %2 页</translation>
    </message>
</context>
<context>
    <name>sy::widgets::StatePanel</name>
    <message>
        <source>Copy details</source>
        <translation>复制详情</translation>
    </message>
</context>
<context>
    <name>sy::widgets::Toast</name>
    <message>
        <source>Dismiss</source>
        <translation>关闭</translation>
    </message>
</context>
<context>
    <name>sy::widgets::TokenPreview</name>
    <message>
        <source>Previous text</source>
        <translation>上一篇</translation>
    </message>
    <message>
        <source>Next text</source>
        <translation>下一篇</translation>
    </message>
    <message>
        <source>Text as the model reads it</source>
        <translation>模型读到的文本</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>第 %1/%2 篇</translation>
    </message>
</context>
</TS>
