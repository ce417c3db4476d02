"""How one file is to be imported: what a person or a program says, plain enough to be kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

from inventory.calc.reading.columns import FIELDS
from inventory.calc.reading.dates import Order
from inventory.services.ledger import History

DATE_ORDERS = ("", "day-first", "month-first")
DECIMAL_MARKS = ("", ".", ",")
STOCK_EFFECTS = {"auto": History.AUTO, "move": History.NEVER, "history": History.ALWAYS}
DELIMITER_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|"}


@dataclass(frozen=True)
class ImportOptions:
    """Everything that may be said about a file; what is left out is found out, and said in the remarks.

    ``columns`` maps fields (see ``inventory.calc.reading.columns.FIELDS``) to column names. ``store`` and
    ``product`` are codes for files that have no such column. ``stock`` is ``auto`` (sales from before a level was
    first counted are history and move no stock), ``move`` (every row moves stock) or ``history`` (none does).
    ``time_zone`` is given to stores that the import makes; empty means the company's.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    store: str = ""
    product: str = ""
    create_missing: bool = False
    stock: str = "auto"
    date_order: Order = ""
    date_format: str = ""
    decimal_mark: str = ""
    delimiter: str = ""
    encoding: str = ""
    sheet: str = ""
    time_zone: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "delimiter", DELIMITER_WORDS.get(self.delimiter, self.delimiter))
        self._refuse("columns", set(self.columns) - set(FIELDS), f"fields are: {', '.join(FIELDS)}")
        self._refuse("stock", {self.stock} - set(STOCK_EFFECTS), "choose auto, move or history")
        self._refuse("date_order", {self.date_order} - set(DATE_ORDERS), "choose day-first or month-first")
        self._refuse("decimal_mark", {self.decimal_mark} - set(DECIMAL_MARKS), "choose . or ,")
        self._refuse("delimiter", {self.delimiter} if len(self.delimiter) > 1 else set(), "a delimiter is one sign")
        if self.time_zone:
            self._refuse("time_zone", {self.time_zone} - available_timezones(), "use a name such as Europe/London")

    @staticmethod
    def _refuse(name: str, wrong: AbstractSet[str], advice: str) -> None:
        if wrong:
            raise ValidationError({name: f"“{min(wrong)}” is not known; {advice}."})

    @property
    def history(self) -> History:
        return STOCK_EFFECTS[self.stock]

    def constants(self) -> dict[str, str]:
        return {"store": self.store.strip(), "product": self.product.strip()}

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "columns": dict(self.columns)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ImportOptions:
        """The options as they were kept. A name that this version does not know raises ``ValidationError``."""
        unknown = set(data) - {known.name for known in fields(cls)}
        if unknown:
            raise ValidationError({min(unknown): "This option is not known."})
        return cls(**data)
