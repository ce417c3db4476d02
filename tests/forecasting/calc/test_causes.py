from __future__ import annotations

from collections.abc import Sequence

import pytest

from forecasting.calc.causes import Day, SeriesFacts, causes_of
from forecasting.calc.error_sums import ErrorSums

STEADY = [8.0, 12.0] * 60


def days(units: Sequence[float | None], **own: object) -> list[Day]:
    return [Day(demand, **own) for demand in units]  # type: ignore[arg-type]


def facts(units: Sequence[float | None], *, error: float = 90.0, **changes: object) -> SeriesFacts:
    known = [one for one in units if one is not None]
    sums = changes.pop("sums", None) or ErrorSums(
        points=len(known), actual_units=sum(known), absolute_error=error, signed_error=0.0
    )
    own: dict[str, object] = {"before": days(STEADY), "measured": days(units), "history_days": 400, "sums": sums}
    return SeriesFacts(**(own | changes))  # type: ignore[arg-type]


def codes(of: SeriesFacts) -> list[str]:
    return [cause.code for cause in causes_of(of)]


def numbers(of: SeriesFacts, code: str) -> dict[str, float]:
    return next(cause.numbers for cause in causes_of(of) if cause.code == code)


def test_a_steady_series_with_a_large_error_is_not_explained() -> None:
    assert codes(facts(STEADY[:28], error=140)) == ["unknown"]


def test_no_error_needs_no_cause() -> None:
    assert causes_of(facts(STEADY[:28], error=0)) == []


def test_a_short_history_is_named_with_its_days() -> None:
    assert numbers(facts(STEADY[:28], history_days=20), "short_history") == {"history_days": 20}
    assert "short_history" not in codes(facts(STEADY[:28], history_days=56))


def test_days_without_stock_are_counted() -> None:
    before = days([*STEADY[:40], *[None] * 16])
    found = numbers(facts(STEADY[:24], before=before), "out_of_stock")
    assert found == {"days": 80, "unknown_days": 16, "share": 0.2}


def test_a_promotion_that_was_rare_before_is_named_with_its_uplift() -> None:
    measured = [*days([10.0] * 21), *days([30.0] * 7, is_promoted=True)]
    found = numbers(facts([10.0] * 21 + [30.0] * 7, measured=measured), "promotion")
    assert found == {"promoted_days": 7, "planned_days": 0, "ratio": 3.0, "promoted_days_before": 0}


@pytest.mark.parametrize(
    ("planned", "words"),
    [
        (0, "None of these days was on the calendar: planned there, the forecast knows it ahead."),
        (3, "Only 3 of these days were on the calendar: planned there, the forecast knows it ahead."),
        (7, "The calendar had it: what it brings was misjudged; an uplift can be given."),
    ],
)
def test_a_promotion_is_told_with_whether_the_calendar_had_it(planned: int, words: str) -> None:
    promoted = [
        *days([30.0] * planned, is_promoted=True, is_planned=True), *days([30.0] * (7 - planned), is_promoted=True)
    ]  # fmt: skip
    of = facts([10.0] * 21 + [30.0] * 7, measured=[*days([10.0] * 21), *promoted])
    assert numbers(of, "promotion")["planned_days"] == planned
    [text] = [cause.text for cause in causes_of(of) if cause.code == "promotion"]
    assert text.endswith(words)


def test_a_promotion_that_was_planned_and_never_held_is_named() -> None:
    of = facts([10.0] * 28, measured=[*days([10.0] * 21), *days([10.0] * 7, is_planned=True)])
    assert numbers(of, "promotion_not_held") == {"planned_days": 7, "ratio": 1.0}
    assert "promotion" not in codes(of)
    raised = facts([30.0] * 28, measured=[*days([10.0] * 21), *days([30.0] * 7, is_planned=True)])
    assert "promotion_not_held" not in codes(raised), "demand was raised: the ledger may just not mark its lines"


def test_a_promotion_that_is_usual_is_none() -> None:
    measured = [*days([10.0] * 21), *days([30.0] * 7, is_promoted=True)]
    before = days(STEADY[:56], is_promoted=True)
    assert "promotion" not in codes(facts([10.0] * 21 + [30.0] * 7, measured=measured, before=before))


@pytest.mark.parametrize(("price", "word"), [(5.6, "rose"), (4.4, "fell")])
def test_a_changed_price_is_named(price: float, word: str) -> None:
    of = facts(STEADY[:28], measured=days(STEADY[:28], price=price), before=days(STEADY, price=5.0))
    assert numbers(of, "price_change") == {"price_before": 5.0, "price": price, "change": pytest.approx(price / 5 - 1)}
    [text] = [cause.text for cause in causes_of(of) if cause.code == "price_change"]
    assert text == f"The price {word} by 12%."


def test_one_spike_is_told_from_a_new_level() -> None:
    spike = facts([*[10.0] * 27, 100.0], error=100)
    assert numbers(spike, "spike") == {"units": 100.0, "usual_units": 10.0, "share": 0.9}
    assert "level_shift" not in codes(spike)
    shift = facts([20.0, 24.0] * 14, error=330)
    assert numbers(shift, "level_shift") == {"units_before": 10.0, "units": 22.0, "ratio": 2.2}
    assert "spike" not in codes(shift)


@pytest.mark.parametrize(("signed", "code"), [(60.0, "biased_low"), (-60.0, "biased_high")])
def test_an_error_on_one_side_is_a_bias(signed: float, code: str) -> None:
    sums = ErrorSums(points=28, actual_units=280, absolute_error=90, signed_error=signed)
    assert numbers(facts(STEADY[:28], sums=sums), code) == {"units": 60.0, "share": pytest.approx(2 / 3)}


def test_an_override_that_harmed_says_by_how_much() -> None:
    sums = ErrorSums(
        points=28, actual_units=280, absolute_error=90, overridden_points=7, overridden_absolute_error=50,
        baseline_absolute_error=20,
    )  # fmt: skip
    assert numbers(facts(STEADY[:28], sums=sums), "override_harmed") == {"overridden_days": 7, "added_error_units": 30}


def test_losing_to_the_naive_is_said() -> None:
    sums = ErrorSums(
        points=28, actual_units=280, absolute_error=90, naive_points=28, naive_absolute_error=60,
        beside_naive_absolute_error=90, beside_naive_actual_units=280,
    )  # fmt: skip
    assert numbers(facts(STEADY[:28], sums=sums), "worse_than_naive") == {"value_added": -0.5}


@pytest.mark.parametrize(
    ("units", "code"),
    [
        ([0.0, 0.0, 0.0, 4.0], "intermittent"),
        ([0.0, 0.0, 1.0, 0.0, 0.0, 12.0], "lumpy"),
        ([1.0, 1.0, 1.0, 14.0], "erratic"),
    ],
)
def test_demand_that_comes_seldom_or_in_lumps_is_classed(units: list[float], code: str) -> None:
    assert code in codes(facts(units * 7, before=days(units * 20), error=200))


def test_an_error_that_chance_alone_makes_is_called_chance() -> None:
    # √(2 × 10 / π) = 2.52 units a day.
    assert "chance" in codes(facts(STEADY[:28], error=28 * 2.6))
    assert "chance" not in codes(facts(STEADY[:28], error=28 * 3.3))


def test_demand_that_scatters_more_than_chance_is_held_against_hindsight() -> None:
    found = numbers(facts([2.0, 18.0] * 14, error=28 * 8.5), "scatter")
    assert found == {"error_units_per_day": 8.5, "hindsight_units_per_day": 8.0}
