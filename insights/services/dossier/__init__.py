"""Why a quantity is recommended: kept on the row, recomputed and told from the row alone. Telling is free of NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insights.services.dossier import version_1, version_2

NO_SUPPLIER = "no supplier lists this product"
NEVER_COUNTED = "stock never counted"
VERSIONS: dict[Any, Any] = {1: version_1, 2: version_2}
CURRENT = 2


def recompute(dossier: Mapping[str, Any]) -> int:
    """The quantity (units) from the dossier alone. Raises ``ValueError`` for a version or a form that is not known."""
    version = VERSIONS.get(dossier.get("version"))
    if version is None:
        known = " and ".join(map(str, VERSIONS))
        raise ValueError(f"the dossier's version is {dossier.get('version')!r}; only {known} can be recomputed")
    quantity: int = version.recompute(dossier)
    return quantity


def explain(dossier: Mapping[str, Any]) -> list[str]:
    """The arithmetic in plain words, one step a line, in the order of the arithmetic; empty without a known dossier."""
    version = VERSIONS.get(dossier.get("version"))
    return [] if version is None else version.explain(dossier)
