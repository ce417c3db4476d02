"""What our orders cost, and what others' would, replayed on demand that came: ``python -m benchmarks.replenishment``.

Protocol, files and policies: docs/replenishment.md. Prints a table, and writes JSON to ``--out``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.replay import Case, Outcome, replay
from benchmarks.replay_files import PERIOD_DAYS, BadFile, Terms, read_case
from benchmarks.replay_policies import policies

DECIMALS = 6


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    terms = Terms(
        lead_time=arguments.lead_time_periods,
        holding_cost=arguments.holding_cost,
        lost_sale_cost=arguments.lost_sale_cost,
        orders=arguments.orders,
        frequency=arguments.freq,
    )
    try:
        case, notes = read_case(arguments.demand, arguments.initial, arguments.actuals, terms)
    except BadFile as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    outcomes = {}
    for name, policy in policies(case).items():
        began = time.monotonic()
        outcomes[name] = replay(case, policy)
        print(f"{name} … {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    _print_table(case, outcomes)
    answer = {
        "policies": {name: _as_json(outcome) for name, outcome in outcomes.items()},
        "replay": _about(case, notes),
    }
    arguments.out.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replenishment", description=__doc__)
    parser.add_argument("--demand", type=Path, required=True, help="long: series_id,date,quantity[,in_stock]")
    parser.add_argument("--initial", type=Path, required=True, help="series_id,on_hand[,in_transit_1,in_transit_2,…]")
    parser.add_argument("--actuals", type=Path, required=True, help="long, beginning with the period after --demand")
    parser.add_argument("--lead-time-periods", type=_count, required=True, metavar="N")
    parser.add_argument("--holding-cost", type=_cost, required=True, help="per unit left at the end of a period")
    parser.add_argument("--lost-sale-cost", type=_cost, required=True, help="per unit asked for and not there")
    parser.add_argument("--freq", choices=sorted(PERIOD_DAYS), required=True, help="days or weeks")
    parser.add_argument("--orders", type=_orders, required=True, help="how many orders are placed, one a period")
    parser.add_argument("--out", type=Path, required=True, help="JSON")
    return parser.parse_args(argv)


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 26:
        raise argparse.ArgumentTypeError("from 0 to 26 periods")
    return value


def _orders(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least one order")
    return value


def _cost(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("a cost above 0")
    return value


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "total_cost": round(outcome.total_cost, DECIMALS),
        "per_period_cost": [round(float(cost), DECIMALS) for cost in outcome.costs],
        "fill_rate": round(outcome.fill_rate, DECIMALS),
        "orders": outcome.order_count,
        "holding_cost": round(float(outcome.holding.sum()), DECIMALS),
        "lost_sale_cost": round(outcome.total_cost - float(outcome.holding.sum()), DECIMALS),
        "units_ordered": round(float(outcome.quantities.sum()), DECIMALS),
    }


def _about(case: Case, notes: list[str]) -> dict[str, Any]:
    return {
        "series": len(case.series),
        "periods": case.periods,
        "orders": case.orders,
        "lead_time_periods": case.lead_time,
        "first_order_at_end_of_period": case.first_order,
        "notes": notes,
    }


def _print_table(case: Case, outcomes: dict[str, Outcome]) -> None:
    print(f"{len(case.series):,} series, {case.periods} periods, {case.orders} orders\n")
    print(f"{'policy':<26}{'total cost':>14}{'× default':>11}{'fill rate':>11}{'orders':>9}   cost of each period")
    base = outcomes["default"].total_cost
    for name, outcome in outcomes.items():
        ratio = outcome.total_cost / base if base else float("nan")
        periods = " ".join(f"{cost:,.1f}" for cost in outcome.costs)
        print(
            f"{name:<26}{outcome.total_cost:>14,.1f}{ratio:>11.3f}{outcome.fill_rate:>11.1%}{outcome.order_count:>9,}   {periods}"
        )


if __name__ == "__main__":
    sys.exit(main())
