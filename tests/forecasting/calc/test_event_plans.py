from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecasting.calc.boosting import BoostingConfig, train_boosting
from forecasting.calc.contract import Effect
from forecasting.calc.direct_features import DirectFeatures, OtherFeaturesError
from forecasting.calc.event_plans import event_plans
from forecasting.calc.refitted import Refitted
from forecasting.calc.sales_history import History
from forecasting.calc.stored import FORMAT, boosting_document, read_boosting
from tests.forecasting.libraries import needs_boosting

MONDAY = 19_723  # 2024-01-01
SMALL = BoostingConfig(rounds=60, rows_per_series=600, fewest_rows=50, least_rows_in_leaf=10)


def effect(name: str, days: list[int], *, series: int = 2, shift: int | None = None) -> Effect:
    return Effect(name, np.array(days), np.ones((series, len(days)), np.float32), shift)


def test_a_days_uplift_is_what_its_like_made_of_usual_demand_long_before() -> None:
    """Two series of 5 sold 15 each on a Monday: (30 + 10) / (10 + 10) = 2, known from 91 days later on."""
    demand = np.full((2, 200), 5.0)
    demand[:, 70] = 15
    plans = event_plans([effect("fair", [70, 160, 161, 210])], demand, 28)
    assert plans is not None
    assert plans.event_uplift.shape == (2, 228)
    assert plans.event_uplift[:, [71, 160, 161, 210]].tolist() == [[1, pytest.approx(np.nan, nan_ok=True), 2, 2]] * 2
    assert np.isnan(plans.event_uplift[0, 70])
    assert plans.event[:, [69, 70, 210]].tolist() == [[0, 1, 1]] * 2
    assert not plans.holiday.any()


def test_a_day_around_a_holiday_has_its_place_and_the_holiday_counts_most() -> None:
    days = [effect("Easter", [50], shift=0), effect("before", [49, 50], shift=-1), effect("after", [51], shift=1)]
    plans = event_plans(days, np.full((2, 60), 5.0), 7)
    assert plans is not None
    assert plans.holiday[0, 48:53].tolist() == [0, 2, 4, 3, 0]
    assert not plans.event.any()


def test_an_effect_concerns_its_series_alone_and_others_are_not_learned_from() -> None:
    demand = np.full((3, 120), 6.0)
    demand[0, 28] = 18
    fair = Effect("fair", np.array([28, 125]), np.array([[1, 1], [0, 0], [0, 1]], np.float32))
    plans = event_plans([fair], demand, 7)
    assert plans is not None
    assert plans.event_uplift[:, 125].tolist() == [pytest.approx(28 / 16), 1, pytest.approx(28 / 16)]
    assert plans.event[:, 28].tolist() == [1, 0, 0]


def test_where_nothing_is_on_there_are_no_plans() -> None:
    nothing = Effect("fair", np.array([3]), np.zeros((2, 1), np.float32))
    assert event_plans([], np.ones((2, 60)), 7) is None
    assert event_plans([nothing], np.ones((2, 60)), 7) is None


@pytest.mark.parametrize("demand", [np.zeros((2, 200)), np.full((2, 200), np.nan)])
def test_nothing_sold_or_nothing_known_teaches_nothing(demand: np.ndarray) -> None:
    plans = event_plans([effect("fair", [70, 210])], demand, 28)
    assert plans is not None
    assert np.isnan(plans.event_uplift[:, 210]).all()


@pytest.mark.parametrize("ahead", [1, 28, 91])
def test_no_origin_from_which_a_day_is_forecast_comes_before_what_its_uplift_knows(ahead: int) -> None:
    random = np.random.default_rng(4)
    demand = random.poisson(8, (2, 300)).astype(float)
    days = effect("market", list(range(5, 330, 25)))
    target = 280
    changed = demand.copy()
    changed[:, target - ahead + 1 :] = 999
    before, after = (event_plans([days], one, 91) for one in (demand, changed))
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before.event_uplift[:, target], after.event_uplift[:, target])


def with_events(*, known: bool, series: int = 12, periods: int = 560) -> tuple[History, np.ndarray]:
    """Series whose fairs, every 100 days or so, double their sales; ``known`` ones are planned 28 days ahead."""
    random = np.random.default_rng(6)
    days = np.array([40, 130, 235, 330, 430, 530, 570])
    usual = random.uniform(8, 20, (series, 1)) * np.ones(periods + 28)
    usual[:, days] *= 2.5
    demand = random.poisson(usual[:, :periods]).astype(float)
    plans = event_plans([effect("fair", days.tolist(), series=series)], demand, 28)
    assert plans is not None
    history = History(demand, first_day=MONDAY)
    return (replace(history, **vars(plans)) if known else history), usual[:, periods:]


def fitted(history: History) -> Refitted:
    return train_boosting(history, np.array([500, 530]), 28, SMALL)


def test_trees_raise_the_day_of_a_fair_that_is_known_ahead() -> None:
    needs_boosting()
    (known, truth), (unknown, _) = with_events(known=True), with_events(known=False)
    origins = np.array([500, 530])
    with_plans, without = (fitted(one).paths(one, origins, 28)[:, -1] for one in (known, unknown))
    fair, usual = truth[:, 10].mean(), truth[:, 11].mean()
    assert with_plans[:, 10].mean() == pytest.approx(fair, rel=0.15)
    assert with_plans[:, 11].mean() == pytest.approx(usual, rel=0.1)
    assert without[:, 10].mean() < 0.6 * fair


def test_a_panel_without_a_calendar_is_answered_by_a_model_that_knows_one_as_on_usual_days() -> None:
    needs_boosting()
    (known, _), (unknown, _) = with_events(known=True), with_events(known=False)
    model, origins = fitted(known), np.array([500, 530])
    assert {"holiday", "event", "event_uplift"} <= set(model.final.feature_names())
    usual, fair = model.paths(unknown, origins, 28)[:, -1], model.paths(known, origins, 28)[:, -1]
    np.testing.assert_array_equal(usual[:, 11:], fair[:, 11:])
    assert (usual[:, 10] < 0.7 * fair[:, 10]).all()


def test_a_model_that_was_trained_on_other_columns_is_refused_and_they_are_named() -> None:
    needs_boosting()
    known, _ = with_events(known=True)
    model = fitted(known)
    features = DirectFeatures(replace(known, holiday=None, event=None, event_uplift=None))
    with pytest.raises(OtherFeaturesError, match="not known here: event, event_uplift, holiday"):
        model.final.predict(features, np.array([560]), 28)
    document = boosting_document(model)
    with pytest.raises(ValueError, match=f"other columns: it has format 1, this version reads format {FORMAT}"):
        read_boosting({**document, "format": 1})
    with pytest.raises(ValueError, match="columns that are not known here: weather"):
        read_boosting({**document, "plans": [*document["plans"], "weather"]})
