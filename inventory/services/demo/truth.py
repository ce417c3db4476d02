"""What the simulator knows, written beside the data folder: ``demo_truth.json`` and, for days, ``demo_truth.npz``.

docs/demo.md lists the fields. The files hold nothing that the seed does not give again; they are for whoever checks
an analysis against what was planted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from inventory.calc.simulation.events import Kind
from inventory.calc.simulation.simulate import Simulation
from inventory.services.demo.keys import customer_code
from inventory.services.demo.money import money

FORMAT = 1


@dataclass(frozen=True)
class Truth:
    """The two files, read back. Series of ``days`` are [store, product, day] in the order of the document's lists."""

    document: Mapping[str, Any]
    days: Mapping[str, NDArray[Any]]


def json_path() -> Path:
    return settings.VAR_DIR / "demo_truth.json"


def arrays_path() -> Path:
    return settings.VAR_DIR / "demo_truth.npz"


def write_truth(simulation: Simulation, *, today: date) -> None:
    """Write both files; each appears whole or not at all."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    _replace(arrays_path(), lambda file: np.savez_compressed(file, allow_pickle=False, **_day_arrays(simulation)))
    document = json.dumps(describe(simulation, today=today), separators=(",", ":"), ensure_ascii=False)
    _replace(json_path(), lambda file: file.write(document.encode()))


def read_fingerprint() -> str:
    """The fingerprint of the demo that the files are about; ``""`` where they are missing or torn."""
    try:
        document = json.loads(json_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(document.get("fingerprint", "")) if arrays_path().is_file() else ""


def read_truth() -> Truth:
    """Both files. Raises ``OSError`` where one is missing."""
    with np.load(arrays_path()) as arrays:
        days = {name: arrays[name] for name in arrays.files}
    return Truth(json.loads(json_path().read_text(encoding="utf-8")), days)


def _replace(path: Path, write: Any) -> None:
    unfinished = path.with_suffix(f"{path.suffix}.part")
    with unfinished.open("wb") as file:
        write(file)
    unfinished.replace(path)


def _day_arrays(simulation: Simulation) -> dict[str, NDArray[Any]]:
    demand, stock = simulation.demand, simulation.stock
    return {
        "demand_rate": demand.rate.astype(np.float32),
        "demand_units": demand.units.astype(np.int32),
        "sold_units": stock.sold.astype(np.int32),
        "hidden_units": stock.hidden(demand).astype(np.int32),
        "for_sale_units": stock.for_sale.astype(np.int32),
        "out_of_stock_seconds": simulation.out_of_stock_seconds.astype(np.int32),
        "price_cents": demand.price_cents.astype(np.int32),
        "list_price_cents": demand.list_price_cents.astype(np.int32),
        "is_promotion": demand.is_promotion,
    }


def describe(simulation: Simulation, *, today: date) -> dict[str, Any]:
    """The document of ``demo_truth.json``."""
    demand, catalogue = simulation.demand, simulation.catalogue
    return {
        "format": FORMAT,
        "fingerprint": simulation.fingerprint(),
        "config": asdict(simulation.config),
        "today": today.isoformat(),
        "first_day": simulation.first_day.isoformat(),
        "last_day": simulation.last_day.isoformat(),
        "stores": [entry._asdict() for entry in catalogue.stores],
        "suppliers": [entry._asdict() for entry in catalogue.suppliers],
        "products": [_product(simulation, index) for index in range(len(catalogue.products))],
        "categories": [
            {"name": category.name, "week_factor": demand.week_factor[index].tolist()}
            | {"season_amplitude": category.season_amplitude, "season_peak_day_of_year": category.season_peak}
            for index, category in enumerate(catalogue.categories)
        ],
        "promotions": [
            {
                "sku": catalogue.products[offer.product].sku,
                "first_day": simulation.date_of(offer.first_day).isoformat(),
                "last_day": simulation.date_of(offer.last_day).isoformat(),
                "discount": offer.discount,
                "display_lift": offer.display_lift,
            }
            for offer in demand.promotions
        ],
        "spike": _spike(simulation),
        "silent_day": {
            "store": catalogue.stores[demand.silent_store].code,
            "date": simulation.date_of(demand.silent_day).isoformat(),
            "unreported_units": int(simulation.stock.sold[demand.silent_store, :, demand.silent_day].sum()),
        },
        "stock_outs": _stock_outs(simulation),
        "lead_times": _lead_times(simulation),
        "customers": _customers(simulation),
        "final_stock_units": simulation.stock.closing[:, :, -1].tolist(),
        "totals": _totals(simulation),
    }


def _product(simulation: Simulation, index: int) -> dict[str, Any]:
    product = simulation.catalogue.products[index]
    return {
        "sku": product.sku,
        "kind": product.kind,
        "category": simulation.catalogue.categories[product.category].name,
        "elasticity": -product.elasticity,
        "reference_price_cents": product.price_cents,
        "cost_cents": product.cost_cents,
        "trend_per_year": product.trend_per_year,
        "supplier": simulation.catalogue.suppliers[product.supplier].code,
        "mean_demand_per_day": simulation.demand.rate[:, index].mean(axis=1).round(4).tolist(),
    }


def _spike(simulation: Simulation) -> dict[str, Any]:
    spike = simulation.demand.spike
    return {
        "store": simulation.catalogue.stores[spike.store].code,
        "sku": simulation.catalogue.products[spike.product].sku,
        "date": simulation.date_of(spike.day).isoformat(),
        "factor": spike.factor,
        "sold_units": int(simulation.stock.sold[spike.store, spike.product, spike.day]),
    }


def _stock_outs(simulation: Simulation) -> dict[str, Any]:
    """Days on which demand was lost, as [store, product, [[day index, hidden units], …]] by series."""
    hidden = simulation.stock.hidden(simulation.demand)
    series = []
    for store, product in np.argwhere(hidden.any(axis=2)).tolist():
        days = np.flatnonzero(hidden[store, product])
        series.append([store, product, [[int(day), int(hidden[store, product, day])] for day in days]])
    return {"share_of_series_days": round(stock_out_share(simulation), 5), "hidden_units": series}


def stock_out_share(simulation: Simulation) -> float:
    """Share of the series-days on which the shelf was empty at opening, though wanted, or lost demand later."""
    demand, stock = simulation.demand, simulation.stock
    is_out = ((stock.for_sale == 0) & (demand.rate > 0)) | (stock.hidden(demand) > 0)
    return float(is_out.mean())


def _lead_times(simulation: Simulation) -> list[dict[str, Any]]:
    """What was planted per supplier, and what its orders then took to their first delivery."""
    stock = simulation.stock
    first: dict[int, int] = {}
    for delivery in stock.deliveries:
        first.setdefault(delivery.order, delivery.day)
    taken: dict[int, list[int]] = {}
    for order, day in first.items():
        taken.setdefault(stock.orders[order].supplier, []).append(day - stock.orders[order].day)
    return [
        {
            "supplier": supplier.code,
            "mean_days": supplier.lead_time_days,
            "sd_days": supplier.lead_time_sd_days,
            "orders": len(taken.get(index, [])),
            "observed_mean_days": round(float(np.mean(taken[index])), 3) if index in taken else None,
            "observed_sd_days": round(float(np.std(taken[index])), 3) if index in taken else None,
        }
        for index, supplier in enumerate(simulation.catalogue.suppliers)
    ]


def _customers(simulation: Simulation) -> dict[str, Any]:
    """Columns by customer; days are indices from the first day, ``lost_day`` is -1 for who still comes."""
    shoppers = simulation.shoppers
    return {
        "code": [customer_code(index) for index in range(len(shoppers.home_store))],
        "home_store": shoppers.home_store.tolist(),
        "visits_per_day": shoppers.visits_per_day.round(5).tolist(),
        "dropout_chance": shoppers.dropout_chance.round(5).tolist(),
        "lines_per_visit": shoppers.lines_per_visit.round(3).tolist(),
        "first_day": shoppers.first_day.tolist(),
        "lost_day": shoppers.lost_day.tolist(),
        "churners": np.flatnonzero(shoppers.is_churner).tolist(),
    }


def _totals(simulation: Simulation) -> dict[str, Any]:
    """What the ledger must add up to, per store and per type of movement."""
    events = simulation.events
    by_store = []
    for store, entry in enumerate(simulation.catalogue.stores):
        sold, returned = (
            np.flatnonzero((events.store == store) & (events.kind == k)) for k in (Kind.SALE, Kind.RETURN)
        )
        revenue = -(events.change * events.price_cents)
        by_store.append(
            {
                "store": entry.code,
                "units": int(-events.change[sold].sum()),
                "returned_units": int(events.change[returned].sum()),
                "revenue": str(money(int(revenue[sold].sum() + revenue[returned].sum()))),
                "sale_lines": len(sold),
            }
        )
    return {
        "movements": len(events),
        "by_kind": {kind.name.lower(): int((events.kind == kind).sum()) for kind in Kind},
        "by_store": by_store,
    }
