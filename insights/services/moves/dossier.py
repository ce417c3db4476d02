"""Why a move or an excess is recommended: kept on the row, recomputed and told from the row alone. Free of NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from insights.calc.replenishment.places import MovesConfig

VERSION = 1
Dossier = Mapping[str, Any]


def config_json(config: MovesConfig) -> dict[str, Any]:
    return {**asdict(config), "kept_levels": dict(config.kept_levels)}


def recompute_transfer(dossier: Dossier) -> int:
    """The units from the dossier alone. Raises ``ValueError`` for a version that is not known."""
    # Numeric: at the top it would load numpy into the web process, which explains rows through this module.
    from insights.services.moves import recomputing

    _check(dossier)
    return recomputing.transfer_units(dossier)


def recompute_excess(dossier: Dossier) -> tuple[str, int]:
    """The action and the units from the dossier alone. Raises ``ValueError`` for a version that is not known."""
    # Numeric, see above.
    from insights.services.moves import recomputing

    _check(dossier)
    return recomputing.excess_action(dossier)


def _check(dossier: Dossier) -> None:
    if dossier.get("version") != VERSION:
        raise ValueError(f"the dossier's version is {dossier.get('version')!r}; only {VERSION} can be recomputed")


def explain_transfer(dossier: Dossier) -> list[str]:
    """The arithmetic in plain words, one step a line; empty without a dossier."""
    if dossier.get("version") != VERSION:
        return []
    sender, receiver, steps, facts = (dossier[part] for part in ("sender", "receiver", "steps", "facts"))
    config = dossier["config"]
    sent = f", {_units(dossier['given'])} of it leave by better moves" if dossier["given"] else ""
    got = f", and {_units(dossier['taken'])} by better moves" if dossier["taken"] else ""
    lines = [
        (
            f"{facts['from']} has {_units(sender['on_hand_units'])} on hand{_promised(sender)}, {_coming(sender)}{sent}. It keeps "
            f"what lasts until its next order with {steps['kept_level']:.0%} certainty, and can spare {_units(steps['spare'])}."
        ),
        (
            f"{facts['to']} has {_units(receiver['on_hand_units'])} on hand{_promised(receiver)}, {_coming(receiver)}{got}; it "
            f"sells {steps['receiver_per_day']:.2f} units a day, and has use for {_units(steps['room'])} more."
        ),
        (
            f"A transfer arrives in about {_days(config['transfer_days'])}, an order from the supplier in about "
            f"{_days(steps['supplier_days'])}; until then {facts['to']} runs out with {steps['runs_out']:.0%} probability."
        ),
        (
            f"Moving {_units(steps['units'])} gains {_money(steps['gain'], facts)} at {facts['to']}; "
            f"{_lost_words(steps['loss'], facts)}, and the move costs {_money(steps['cost'], facts)}."
        ),
        f"That leaves {_money(steps['net'], facts)}; one unit more or less would leave no more.",
    ]
    return [*lines, *(f"Note: {reason}." for reason in dossier["reasons"])]


def explain_excess(dossier: Dossier) -> list[str]:
    """The arithmetic in plain words, one step a line; empty without a dossier."""
    if dossier.get("version") != VERSION:
        return []
    inputs, steps, facts = dossier["inputs"], dossier["steps"], dossier["facts"]
    days = steps["days_to_sell"]
    sells = "it does not sell" if days is None else f"all of it sells in about {_days(days)}"
    lines = [
        (
            f"On hand are {_units(inputs['on_hand_units'])}{_promised(inputs)}, {_coming(inputs)}: together "
            f"{_units(steps['position'])}."
        ),
        _wanted_words(inputs, steps),
        (
            f"That is {_units(steps['units'])} too many, {_money(steps['tied_up'], facts)} at cost. At "
            f"{steps['per_day']:.2f} units a day, {sells}."
        ),
        f"Waiting costs about {_money(steps['holding'], facts)} for holding"
        + (f" and {_money(steps['waste'], facts)} for what will pass its shelf life." if steps["waste"] else "."),
        _action_words(dossier),
    ]
    return [*lines, *(f"Note: {reason}." for reason in dossier["reasons"])]


def _wanted_words(inputs: Mapping[str, Any], steps: Mapping[str, Any]) -> str:
    if inputs["is_discontinued"]:
        return "The product is no longer sold here: nothing of it is wanted."
    return (
        f"The store has use for {_units(steps['wanted'])} at most: what lasts until its next order with "
        f"{steps['kept_level']:.0%} certainty, and one order more."
    )


def _action_words(dossier: Dossier) -> str:
    inputs, steps, facts = dossier["inputs"], dossier["steps"], dossier["facts"]
    if steps["action"] == "stop_ordering":
        return (
            f"{_units(inputs['on_order_units'] + inputs['in_transit_units'])} more are on their way: no new order before "
            f"{facts['stop_until']}, when about as much is left as the store has use for."
        )
    if steps["action"] == "move":
        where = ", ".join(f"{_units(move['units'])} to {move['to']}" for move in dossier["moves"])
        return f"Other stores gain by it: {where}."
    return (
        f"No other store gains by it, and it does not sell within {_days(dossier['config']['patience_days'])}: at any price "
        f"over {_money(steps['mark_down_to'], facts)}, selling it now is worth more than keeping it."
    )


def _lost_words(loss: float, facts: Mapping[str, Any]) -> str:
    if loss >= 0:
        return f"{facts['from']} may miss sales worth {_money(loss, facts)}"
    return f"{facts['from']} saves {_money(-loss, facts)} of holding"


def _promised(inputs: Mapping[str, Any]) -> str:
    committed = inputs["committed_units"]
    return f", {_units(committed)} of it promised to other stores" if committed else ""


def _coming(inputs: Mapping[str, Any]) -> str:
    return f"{_units(inputs['on_order_units'])} on order and {_units(inputs['in_transit_units'])} in transit"


def _units(units: float) -> str:
    return f"{units:,.0f} unit{'' if round(units) == 1 else 's'}"


def _days(days: float) -> str:
    shown = f"{days:,.0f}" if days >= 10 else f"{days:.3g}"
    return f"{shown} day{'' if shown == '1' else 's'}"


def _money(amount: float, facts: Mapping[str, Any]) -> str:
    return f"{amount:,.2f} {facts['currency']}"
