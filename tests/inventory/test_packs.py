"""Whole packs from the minimum order quantity up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inventory.calc.packs import PackRule

PACKS_OF_SIX = PackRule(pack_units=6, minimum_units=12)


def test_a_multiple_at_or_over_the_minimum_is_accepted() -> None:
    assert [units for units in range(31) if PACKS_OF_SIX.accepts(units)] == [12, 18, 24, 30]


def test_the_refusal_names_the_quantities_next_to_it() -> None:
    assert PACKS_OF_SIX.refusal(13) == "13 units cannot be ordered: packs of 6, at least 12. Use 12 or 18."
    assert PACKS_OF_SIX.refusal(0) == "0 units cannot be ordered: packs of 6, at least 12. Use 12."
    assert PACKS_OF_SIX.refusal(18) == ""


def test_a_minimum_within_a_pack_is_rounded_up_to_whole_packs() -> None:
    assert PackRule(pack_units=6, minimum_units=8).smallest_units == 12


def test_no_minimum_still_means_one_pack() -> None:
    assert PackRule(pack_units=6, minimum_units=0).refusal(0) == (
        "0 units cannot be ordered: packs of 6, at least 6. Use 6."
    )


@given(st.integers(1, 500), st.integers(0, 2_000), st.integers(-50, 5_000))
def test_what_is_proposed_is_accepted_and_nothing_nearer_is(pack: int, minimum: int, units: int) -> None:
    rule = PackRule(pack, minimum)
    nearest = rule.nearest(units)
    assert all(rule.accepts(choice) for choice in nearest)
    between = range(min(nearest[0], units), nearest[-1] + 1)
    assert [choice for choice in between if rule.accepts(choice)] == list(nearest)
