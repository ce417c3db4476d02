"""One cell of a file: what may be a code, how a bad value is shown, and what a spreadsheet must not run."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

CODE_CHARACTERS = 64
SHOWN_CHARACTERS = 200
# What spreadsheets take for the start of a formula (OWASP's list for CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
ABSENT_WORDS = frozenset({"null", "nan", "none", "n/a", "\\n"})
YES_WORDS = frozenset({"1", "true", "t", "yes", "y", "x"})
NO_WORDS = frozenset({"", "0", "false", "f", "no", "n"}) | ABSENT_WORDS


class ReadingError(Exception):
    """The file as a whole cannot be read as asked; ``field`` names the option or column to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one cell was not taken."""

    reason: str


class Memo(dict[Any, Any]):
    """Each distinct cell is parsed once: ``memo[raw]`` is the value or a :class:`Problem`.

    Bounded: a column of ever new values empties it instead of filling the memory.
    """

    LIMIT = 200_000

    def __init__(self, parse: Callable[[Any], Any]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, raw: Any) -> Any:
        if len(self) >= self.LIMIT:
            self.clear()
        try:
            value = self._parse(raw)
        except ValueError as error:
            value = Problem(str(error))
        self[raw] = value
        return value


def is_blank(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def is_nan(raw: Any) -> bool:
    """Whether a cell is the number that is none, as typed files mark a gap."""
    return isinstance(raw, (float, Decimal)) and math.isnan(raw)


def code_of(raw: Any) -> str:
    """A store, product or invoice code as text of 1 to 64 characters; raises ``ValueError`` with the reason.

    Numbers from typed files lose an empty fraction (17850.0 is 17850); text is kept as it is written, leading
    zeros and formula signs included, without the spaces around it.
    """
    text = _text_of(raw)
    if not text:
        raise ValueError("is missing")
    if len(text) > CODE_CHARACTERS:
        raise ValueError(f"is longer than {CODE_CHARACTERS} characters")
    # ASCII that prints is the common case; the slower look is for the rest.
    if not (text.isascii() and text.isprintable()) and any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
        raise ValueError("holds a control character")
    return text


def optional_code_of(raw: Any) -> str:
    """As :func:`code_of`, but ``""`` where the cell is empty or says so in a database's words (NULL, nan)."""
    text = _text_of(raw)
    return "" if text.casefold() in ABSENT_WORDS or not text else code_of(text)


def customer_code_of(raw: Any) -> str:
    """As :func:`optional_code_of`; ``17850.0``, pandas' spelling of a number beside gaps, is ``17850``."""
    text = optional_code_of(raw)
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def promotion_of(raw: Any) -> bool:
    """Whether a cell says yes; a number says yes when it is above 0. Raises ``ValueError`` for other words."""
    if raw is None:
        return False
    if isinstance(raw, (bool, int, float, Decimal)):
        return raw > 0
    word = str(raw).strip().casefold()
    if word in YES_WORDS:
        return True
    if word in NO_WORDS:
        return False
    try:
        return float(word) > 0
    except ValueError:
        raise ValueError("is neither yes nor no") from None


def label_of(raw: Any, characters: int) -> str:
    """A name for people: printable, cut to length, ``""`` where there is none. Never a reason to reject."""
    if is_blank(raw):
        return ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(raw)).split())[:characters]


def shown(raw: Any) -> str:
    """A bad value for a report: one line, no control characters, at most 200 characters."""
    text = "" if raw is None else str(raw)[: SHOWN_CHARACTERS + 1]
    text = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a leading sign gets an apostrophe before it."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def _text_of(raw: Any) -> str:
    if isinstance(raw, str):
        return raw.strip()
    if raw is None or is_nan(raw):
        return ""
    if isinstance(raw, date):
        raise ValueError("is a date where a code belongs (a spreadsheet may have changed it)")
    if isinstance(raw, (float, Decimal)) and raw == raw // 1:
        return str(int(raw))
    return str(raw).strip()
