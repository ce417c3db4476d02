"""Holidays, events, promotions and days of the month: learned where they are, and nothing made of them where they are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from forecasting.calc.config import ForecastConfig
from forecasting.calc.effects import CalendarEffects, usual_demand
from forecasting.calc.history import clean
from forecasting.calc.panel import Effect, Panel, PanelForecast, forecast_panel
from forecasting.calc.view import Views
from tests.forecasting.calc.panels import assert_answers, counts

LAST_DAY = date(2026, 12, 9)
AHEAD = 28
DAYS = {"Christmas Eve": (12, 24), "May Day": (5, 1), "Nothing Day": (8, 15)}


def planted(
    *, series: int = 240, days: int = 1092, uplift: Any = 1.0, month_end: float = 1.0, seed: int = 1
) -> tuple[Panel, np.ndarray]:
    """A panel with the three days of every year known and what comes after it (S × 28).

    ``uplift`` (a number, or one per series) is planted on the first two; ``month_end`` on the last two days of a month.
    Every day has a shock of its own (6 %) that all series share.
    """
    random = np.random.default_rng(seed)
    dates = [LAST_DAY + timedelta(days=i - days + 1) for i in range(days + AHEAD)]
    week = np.array([0.9, 0.85, 0.9, 1, 1.15, 1.4, 0.8])[[day.weekday() for day in dates]]
    of_day = np.exp(random.normal(0, 0.06, len(dates)))
    of_day *= [month_end if (day + timedelta(days=2)).month != day.month else 1.0 for day in dates]
    rate = random.gamma(2, 4, (series, 1)) * week * of_day
    effects = []
    for name, (month, day) in DAYS.items():
        at = np.array([place for place, date_ in enumerate(dates) if (date_.month, date_.day) == (month, day)])
        rate[:, at] *= 1.0 if name == "Nothing Day" else np.broadcast_to(uplift, series)[:, None]
        effects.append(Effect(name, at, np.ones((series, len(at)))))
    demand = random.poisson(rate).astype(float)
    first_day = (dates[0] - date(1970, 1, 1)).days
    return Panel(demand[:, :days], effects=tuple(effects), first_day=first_day), demand[:, days:]


def answer(panel: Panel) -> PanelForecast:
    return forecast_panel(panel, ForecastConfig())


def blind(panel: Panel) -> Panel:
    return replace(panel, effects=(), first_day=None)


def wape(actual: np.ndarray, path: np.ndarray) -> float:
    return float(np.abs(actual - path).sum() / actual.sum())


def test_a_holidays_uplift_is_learned_near_the_truth_and_halves_the_error_of_its_day() -> None:
    panel, after = planted(uplift=2.0)
    knowing, ignorant = answer(panel), answer(blind(panel))
    assert knowing.effects == tuple(DAYS)
    assert knowing.uplifts.mean(axis=0) == pytest.approx([2.0, 2.0, 1.0], abs=0.15)
    eve = (date(2026, 12, 24) - LAST_DAY).days - 1
    assert wape(after[:, eve], knowing.mean[:, eve]) < 0.55 * wape(after[:, eve], ignorant.mean[:, eve])
    other_days = np.delete(np.arange(AHEAD), eve)
    assert wape(after[:, other_days], knowing.mean[:, other_days]) < 1.005 * wape(
        after[:, other_days], ignorant.mean[:, other_days]
    )
    assert knowing.calendar[:, eve] == pytest.approx(knowing.uplifts[:, 0])


def test_a_day_on_which_hardly_anything_sells_is_learned_as_well() -> None:
    panel, _ = planted(uplift=0.05)
    assert answer(panel).uplifts[:, 0] == pytest.approx(0.05, abs=0.05)


def test_groups_differ_where_they_do_and_series_follow_their_group() -> None:
    groups = np.arange(240) % 4
    truth = np.array([1.3, 1.8, 2.2, 2.8])
    panel, _ = planted(uplift=truth[groups])
    learned = answer(replace(panel, groups=groups)).uplifts[:, 0]
    assert [learned[groups == group].mean() for group in range(4)] == pytest.approx(truth, rel=0.15)


def test_two_years_with_one_christmas_are_enough() -> None:
    panel, _ = planted(days=540, uplift=2.0)
    assert answer(panel).uplifts[:, 0].mean() == pytest.approx(2.0, abs=0.25)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_panel_without_effects_loses_nothing_by_being_asked(seed: int) -> None:
    panel, after = planted(seed=seed)
    knowing, ignorant = answer(panel), answer(blind(panel))
    assert wape(after, knowing.mean) < 1.005 * wape(after, ignorant.mean)
    assert np.abs(knowing.uplifts.mean(axis=0) - 1).max() < 0.1


def test_the_days_of_the_month_on_which_more_is_sold_are_found() -> None:
    panel, _ = planted(month_end=1.25)
    history = clean(panel, AHEAD)
    effects = CalendarEffects.of(history, AHEAD)
    assert effects is not None
    month = effects.at(history.periods, np.ones(240)).month
    assert month is not None
    days = (np.arange(len(month)) + panel.first_day).astype("datetime64[D]")
    ends = [(day + np.timedelta64(2, "D")).astype("datetime64[M]") != day.astype("datetime64[M]") for day in days]
    assert month[ends] == pytest.approx(1.25, abs=0.04)
    assert np.abs(month[~np.array(ends)] - 1).max() < 0.06


def test_changing_the_future_changes_no_past_view() -> None:
    panel, _ = planted(series=30, uplift=2.0, month_end=1.2)
    origin = 910
    changed = panel.demand.copy()
    changed[:, origin:] = 500.0
    before, after = (
        Views(clean(replace(panel, demand=demand), AHEAD), np.array([origin, 1092]), AHEAD).at(0)
        for demand in (panel.demand, changed)
    )
    for old, new in zip(before.bases, after.bases, strict=True):
        assert old.pattern.tolist() == new.pattern.tolist()
        assert old.level.tolist() == new.level.tolist()


def test_a_planned_event_without_a_past_changes_nothing() -> None:
    panel = Panel(counts(20, 300))
    planned = replace(panel, effects=(Effect("Opening", np.array([305]), np.ones((20, 1))),))
    assert answer(planned).mean.tolist() == answer(panel).mean.tolist()
    assert answer(planned).uplifts.tolist() == [[1.0]] * 20


def test_an_event_for_some_series_moves_those_alone() -> None:
    random = np.random.default_rng(3)
    days = np.arange(10, 390, 20)
    mine = np.arange(60) % 2 == 0
    rate = np.full((60, 378), 10.0)
    rate[np.ix_(mine, days[days < 378])] *= 3
    event = Effect("Market", days, np.repeat(mine[:, None], len(days), axis=1).astype(float))
    made = answer(Panel(random.poisson(rate[:, :350]).astype(float), effects=(event,)))
    ahead = days[(days >= 350) & (days < 378)] - 350
    assert made.mean[mine][:, ahead].mean() == pytest.approx(30, rel=0.1)
    assert made.mean[~mine][:, ahead].mean() == pytest.approx(10, rel=0.05)


def test_a_campaign_around_a_holiday_leaves_the_holiday_its_own_uplift() -> None:
    random = np.random.default_rng(4)
    rate = np.full((80, 740), 12.0)
    campaign = np.concatenate([np.arange(start, start + 10) for start in (100, 300, 500, 700)])
    rate[:, campaign] *= 1.5
    holiday = np.array([105, 305, 505, 705])
    rate[:, holiday] *= 2
    effects = (Effect("Campaign", campaign, np.ones((80, 40))), Effect("Holiday", holiday, np.ones((80, 4))))
    made = answer(Panel(random.poisson(rate[:, :695]).astype(float), effects=effects))
    assert made.uplifts.mean(axis=0) == pytest.approx([1.5, 2.0], rel=0.08)
    assert made.mean[:, 10].mean() == pytest.approx(36, rel=0.1)


def test_what_was_given_is_used_as_it_is_by_every_model() -> None:
    panel = Panel(counts(20, 300))
    given = np.ones((20, 328))
    given[:, 304], given[:, 310] = 2.5, 0.0
    plain, made = answer(panel), answer(replace(panel, given=given))
    assert made.mean[:, 4] == pytest.approx(2.5 * plain.mean[:, 4])
    assert made.model_paths[:, :, 4] == pytest.approx(2.5 * plain.model_paths[:, :, 4])
    untouched = [day for day in range(28) if day not in (4, 10)]
    assert made.mean[:, untouched] == pytest.approx(plain.mean[:, untouched], rel=1e-4)
    assert not made.quantiles[:, 10].any()
    assert not made.intervals[:, 10].any()
    assert_answers(made)


def test_a_past_day_is_seen_as_what_was_given_says_it_was() -> None:
    demand = np.full((1, 140), 6.0)
    demand[0, 100] = 18.0
    given = np.ones((1, 140))
    given[0, 100] = 3.0
    demand[0, 120], given[0, 120] = 0.0, 0.0
    made = answer(Panel(demand, given=given))
    assert made.mean[0].tolist() == [6.0] * 28
    assert made.known_periods[0] == 139


def test_events_are_joined_over_the_chunks_of_a_panel() -> None:
    demand = counts(30, 200)
    strength = np.zeros((30, 2))
    strength[15:] = 1.0
    event = Effect("Fair", np.array([50, 210]), strength)
    made = forecast_panel(Panel(demand, effects=(event,)), ForecastConfig(chunk_series=15))
    assert made.effects == ("Fair",)
    assert (made.uplifts[:15] == 1).all()
    assert made.calendar.shape == (30, 28)


@pytest.mark.parametrize(("periods", "shape"), [([3, 3], (5, 2)), ([4, 3], (5, 2)), ([3, 4], (4, 2)), ([3], (5, 2))])
def test_an_effect_that_does_not_fit_is_refused(periods: list[int], shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="the effect Fair needs ascending periods and its strength for each series"):
        answer(Panel(np.ones((5, 60)), effects=(Effect("Fair", np.array(periods), np.ones(shape)),)))


def test_usual_demand_is_the_mean_of_the_same_weekday_around() -> None:
    units = np.array([[4.0], [6.0], [9.0], [8.0]])
    assert usual_demand(units, np.ones((4, 1)), 1)[:, 0].tolist() == pytest.approx([23 / 3, 7, 6, 19 / 3])


def test_usual_demand_is_what_a_plain_loop_says() -> None:
    random = np.random.default_rng(5)
    known = (random.random((90, 3)) < 0.7).astype(float)
    units = random.poisson(5.0, (90, 3)) * known
    made = usual_demand(units, known, 7)
    for period in range(90):
        around = [period + 7 * lag for lag in (-3, -2, -1, 1, 2, 3) if 0 <= period + 7 * lag < 90]
        for series in range(3):
            values = [units[place, series] for place in around if known[place, series]]
            expected = np.mean(values) if len(values) >= 2 else np.nan
            assert made[period, series] == pytest.approx(expected, nan_ok=True)
