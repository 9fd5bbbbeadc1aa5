#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typesets the sample documents: sources/*.md to ../*.pdf. Only needed after a source has changed.

Debian packages: weasyprint python3-markdown fonts-droid-fallback fonts-urw-base35
"""
import pathlib

import markdown
import weasyprint

STYLE = """
@page { size: A5; margin: 17mm 16mm 18mm;
        @top-center { content: "%(title)s"; font: 7.5pt "%(sans)s"; color: #555; }
        @bottom-center { content: counter(page) " / " counter(pages); font: 8pt "%(sans)s"; color: #555; } }
@page :first { @top-center { content: none; } }
body { font: 9.6pt/1.5 "%(serif)s"; text-align: justify; %(hyphens)s }
h1, h2, h3 { font-family: "%(sans)s"; text-align: left; line-height: 1.25; break-after: avoid; hyphens: none; }
h1 { font-size: 19pt; margin: 4mm 0 5mm; }
h2 { font-size: 13pt; margin: 6mm 0 2mm; }
h3 { font-size: 10.8pt; margin: 4mm 0 1.5mm; }
p { margin: 0 0 2mm; }
ul, ol { margin: 0 0 2mm; padding-left: 6mm; }
table { width: 100%%; border-collapse: collapse; font-size: 8.4pt; margin: 2mm 0 4mm; break-inside: avoid; text-align: left; hyphens: none; }
th, td { border-bottom: 0.4pt solid #999; padding: 1mm 1.5mm; vertical-align: top; }
th { border-bottom: 1pt solid #333; }
"""


def main():
    here = pathlib.Path(__file__).parent
    for source in sorted(here.glob("*.md")):
        text = source.read_text(encoding="utf-8")
        is_chinese = source.stem.endswith("-zh")
        title = text.splitlines()[0].lstrip("# ")
        style = STYLE % {
            "title": title,
            "serif": "Droid Sans Fallback" if is_chinese else "C059",  # Noto CJK would be 500 kB a file
            "sans": "Droid Sans Fallback" if is_chinese else "Nimbus Sans",
            "hyphens": "" if is_chinese else "hyphens: auto;",
        }
        body = markdown.markdown(text, extensions=["tables"])
        html = f'<html lang="{"zh-Hans" if is_chinese else "en"}"><head><title>{title}</title></head><body>{body}</body></html>'
        target = here.parent / f"{source.stem}.pdf"
        weasyprint.HTML(string=html).write_pdf(target, stylesheets=[weasyprint.CSS(string=style)])
        print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")


main()
