"""Text of any script as markup for reportlab's paragraphs, from what fonts there are.

reportlab brings Vera, which knows western Europe. A DejaVu that the system has (or the font of ``PDF_FONT``) adds
eastern Europe, Greek and Cyrillic. Chinese, Japanese and Korean come from the readers' own fonts (CID), which are not
embedded. What nobody has is written without its accents, else as “?”. Arabic and Hebrew are drawn letter by letter from
the left: reportlab joins and reverses nothing.

Imported by what draws a PDF alone: reportlab takes its time.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

# Where distributions put DejaVu: Debian and Ubuntu, Fedora, Arch.
SYSTEM_FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
)
PLAIN, BOLD = "InvenCare", "InvenCare-Bold"
CHINESE, JAPANESE, KOREAN = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
# First and last character of blocks, and the reader's font that has them.
_BLOCKS = (
    (0x0370, 0x03FF, JAPANESE),  # Greek and Cyrillic, full width: better than nothing where DejaVu is missing
    (0x0400, 0x045F, JAPANESE),
    (0x1100, 0x11FF, KOREAN),
    (0x3130, 0x318F, KOREAN),
    (0xAC00, 0xD7AF, KOREAN),
    (0x3040, 0x30FF, JAPANESE),
    (0x3000, 0x303F, CHINESE),
    (0x3400, 0x9FFF, CHINESE),
    (0xFF00, 0xFFEF, CHINESE),
)


def markup(text: str, *, bold: bool = False) -> str:
    """``text`` escaped, each run of characters in a font that has them; lines break where it does."""
    base = BOLD if bold else PLAIN
    covered = _register()
    has_kana = any(0x3040 <= ord(character) <= 0x30FF for character in text)
    drawn = [_drawn(character, base, covered, has_kana=has_kana) for character in text]
    runs = groupby(drawn, key=lambda pair: pair[0])
    parts = [f'<font name="{font}">{escape("".join(c for _, c in run))}</font>' for font, run in runs]
    return "".join(parts).replace("\n", "<br/>")


def breaks_anywhere(text: str) -> bool:
    """Whether the text has characters of a script that is written without spaces."""
    return any(ord(character) >= 0x2E80 for character in text)


def _drawn(character: str, base: str, covered: frozenset[int], *, has_kana: bool) -> tuple[str, str]:
    """The font and what is drawn in it."""
    code = ord(character)
    if code in covered or character == "\n":
        return base, character
    for first, last, font in _BLOCKS:
        if first <= code <= last:
            return (JAPANESE if has_kana and font == CHINESE else font), character
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if ord(c) in covered)
    return base, plain or ("" if unicodedata.category(character) in {"Mn", "Cf", "Cc"} else "?")


@cache
def _register() -> frozenset[int]:
    """Make the fonts known to reportlab, once; the characters that the plain one has."""
    plain, bold = _files()
    font = TTFont(PLAIN, plain)
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFont(TTFont(BOLD, bold))
    for name in (CHINESE, JAPANESE, KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    face: Any = font.face
    return frozenset(face.charToGlyph)


def _files() -> tuple[str, str]:
    """The plain and the bold font file: the configured, the system's, or reportlab's own."""
    for path in filter(None, (settings.PDF_FONT, *SYSTEM_FONTS)):
        if Path(path).is_file():
            bold = Path(path).with_name(f"{Path(path).stem}-Bold{Path(path).suffix}")
            return path, str(bold) if bold.is_file() else path
    return "Vera.ttf", "VeraBd.ttf"  # reportlab finds them in its own folder
