"""Which column of a file holds what: as somebody says, or by a table of the names that files use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory.calc.reading.cells import ReadingError, shown

REQUIRED = ("store", "product", "date", "quantity")
FIELDS = (*REQUIRED, "time", "price", "customer", "invoice", "promotion", "description", "category")

# Squeezed to small letters and digits ("InvoiceNo" → "invoiceno"); the earlier name wins.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "store": tuple(
        "store storeid storecode storenumber storenbr storeno storenum shop shopid shopcode outlet outletid outletcode"
        " outletidentifier branch branchid branchcode location locationid locationcode site siteid warehouse"
        " warehouseid filiale storename shopname".split()
    ),
    "product": tuple(
        "product productid productcode sku skuid skucode stockcode item itemid itemcode itemnumber itemnbr itemno"
        " itemidentifier article articleid articlecode articlenumber articleno artikel material part partid"
        " partnumber partno productnumber productno productsku upc ean gtin barcode asin".split()
    ),
    "date": tuple(
        "date salesdate saledate businessdate businessday invoicedate orderdate transactiondate purchasedate"
        " solddate day datetime timestamp invoicedatetime orderdatetime transactiondatetime transactiontime soldat"
        " orderedat ds datum calendardate".split()
    ),
    "quantity": tuple(
        "quantity qty units unitssold unitsales quantitysold qtysold salesquantity salesqty salesunits sold"
        " itemssold itemcnt itemcount itemcntday orderquantity quantityordered pieces pcs menge demand sales"
        " volume".split()
    ),
    "time": tuple("time timeofday saletime salestime timestamp datetime transactiontime".split()),
    "price": tuple(
        "unitprice price sellprice sellingprice saleprice salesprice itemprice priceeach retailprice"
        " unitsellingprice avgprice meanprice".split()
    ),
    "customer": tuple(
        "customer customerid customercode customerno customernumber client clientid member memberid loyaltyid"
        " householdkey household userid buyerid".split()
    ),
    "invoice": tuple(
        "invoice invoiceno invoiceid invoicenumber order orderid orderno ordernumber receipt receiptno receiptid"
        " ticket ticketno ticketid basket basketid transactionid transaction bill billno billid".split()
    ),
    "promotion": tuple("promotion onpromotion ispromotion promo ispromo onpromo promoflag feature feat".split()),
    "description": tuple("description productname itemname productdescription itemdescription name title".split()),
    "category": tuple("category productcategory itemcategory department dept family productfamily".split()),
}
# Taken only for a field that must be there and has no better column: the sentence printed says so.
LAST_RESORT: dict[str, tuple[str, ...]] = {
    "store": ("country", "region", "market", "city"),
    "product": ("productname", "itemname", "family", "productfamily", "dept", "department", "brand"),
    "date": (),
    "quantity": ("count",),
}


@dataclass(frozen=True)
class ColumnMap:
    """Which column (counted from 0) holds which field, fields with one value for the whole file, and remarks."""

    columns: dict[str, int]
    constants: dict[str, str]
    header: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    def names(self) -> dict[str, str]:
        """Field to column name, in the order of FIELDS; a constant is shown as “always …”."""
        named = {field: self.header[column] for field, column in self.columns.items()}
        named |= {field: f"always “{value}”" for field, value in self.constants.items()}
        return {field: named[field] for field in FIELDS if field in named}


def map_columns(
    header: Sequence[object], *, chosen: Mapping[str, str] | None = None, constants: Mapping[str, str] | None = None
) -> ColumnMap:
    """The columns of a header row. What is ``chosen`` (field to column name) stands; the rest is guessed.

    Raises :class:`ReadingError` naming the field for a chosen column that is not there, for a name that would be
    used and stands twice, and for a required field without a column.
    """
    names = tuple(shown(name).strip().lstrip("\ufeff") for name in header)
    constants = {field: value for field, value in (constants or {}).items() if value}
    columns = {
        field: _position(names, column, field)
        for field, column in (chosen or {}).items()
        if column and field not in constants
    }
    _guess(names, columns, constants, SYNONYMS, FIELDS)
    remarks = [
        f"No column is called {field}; “{names[columns[field]]}” is taken for it. Say otherwise if it is not."
        for field in _guess(names, columns, constants, LAST_RESORT, REQUIRED)
    ]
    for field in REQUIRED:
        if field not in columns and field not in constants:
            raise ReadingError(field, f"No column holds the {field}. The file has: {_listed(names)}.")
    return ColumnMap(columns=columns, constants=constants, header=names, remarks=tuple(remarks))


def squeezed(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def _guess(
    names: tuple[str, ...],
    columns: dict[str, int],
    constants: Mapping[str, str],
    table: Mapping[str, tuple[str, ...]],
    fields: Sequence[str],
) -> list[str]:
    """Add to ``columns`` what the table's names find among the columns not yet taken; return the fields found."""
    found: list[str] = []
    for field in fields:
        if field in columns or field in constants:
            continue
        free = {squeezed(name): name for position, name in enumerate(names) if position not in columns.values()}
        synonym = next((name for name in table[field] if name in free), None)
        if synonym is not None:
            columns[field] = _position(names, free[synonym], field)
            found.append(field)
    return found


def _position(names: tuple[str, ...], name: str, field: str) -> int:
    matches = [position for position, candidate in enumerate(names) if candidate == name]
    matches = matches or [position for position, other in enumerate(names) if squeezed(other) == squeezed(name)]
    if not matches:
        raise ReadingError(field, f"There is no column “{shown(name)}”. The file has: {_listed(names)}.")
    if len(matches) > 1:
        places = ", ".join(str(position + 1) for position in matches)
        raise ReadingError(field, f"The column “{shown(name)}” stands {len(matches)} times (columns {places}).")
    return matches[0]


def _listed(names: tuple[str, ...]) -> str:
    shown_names = ", ".join(f"“{name}”" for name in names[:30])
    more = len(names) - 30
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    return shown_names + (f" and {more} more" if more > 0 else "") + (f" ({twice[0]} twice)" if twice else "")
