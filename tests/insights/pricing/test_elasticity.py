"""Elasticities: published regressions, an exact twin, planted values, refusals; and panels of spells."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from insights.calc.pricing.elasticity import (
    NOT_SEPARABLE,
    SPANS_ZERO,
    TOO_FEW_PRICES,
    TOO_FEW_WEEKS,
    TOO_LITTLE_VARIATION,
    ElasticityConfig,
    estimate,
    item_slopes,
)
from insights.calc.pricing.linear_model import least_squares
from insights.calc.pricing.panel import DailyPrices, PricePanel, make_panel

MONDAY = date(2024, 1, 1).toordinal()


def planted(
    *, items: int, stores: int = 6, weeks: int = 80, seed: int = 0, noise: float = 0.2
) -> tuple[PricePanel, np.ndarray]:
    """A panel with known elasticities, a price for each week of an item in all stores, and its promotions."""
    random = np.random.default_rng(seed)
    item, store, week = (
        part.ravel() for part in np.meshgrid(*(np.arange(n) for n in (items, stores, weeks)), indexing="ij")
    )
    true = random.normal(-2, 0.5, items)
    log_price = random.normal(0, 0.12, (items, weeks))[item, week]
    promotion = (log_price < -0.15).astype(float)
    log_units = (
        6
        + random.normal(0, 1, items)[item]
        + random.normal(0, 0.3, stores)[store]
        + random.normal(0, 0.2, weeks)[week]
        + true[item] * log_price
        + 0.2 * promotion
        + random.normal(0, noise, (items, weeks))[item, week]
        + random.normal(0, noise, len(item))
    )
    days = np.full(len(item), 7.0)
    panel = PricePanel(
        item, store, week, np.exp(log_price), np.exp(log_units), days, promotion, np.zeros(items, np.int64)
    )
    return panel, true


def test_least_squares_of_a_worked_line() -> None:
    fitted = least_squares(np.array([[1.0, 0], [1, 1], [1, 2]]), np.array([1.0, 3, 5]))
    assert fitted.coefficients == pytest.approx([1, 2])
    assert fitted.r2 == pytest.approx(1)


def test_dependent_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="linearly dependent"):
        least_squares(np.ones((5, 2)), np.arange(5.0))


def test_clustered_errors_of_rows_in_clusters_of_their_own_are_whites() -> None:
    random = np.random.default_rng(3)
    X = np.column_stack([np.ones(60), random.normal(size=60)])
    y = X @ [1.0, 2.0] + random.normal(size=60) * (1 + np.abs(X[:, 1]))
    fitted = least_squares(X, y, clusters=np.arange(60))
    gram = np.linalg.inv(X.T @ X)
    white = gram @ (X.T * fitted.residuals**2) @ X @ gram * 60 / 59 * 59 / 58
    assert fitted.errors == pytest.approx(np.sqrt(np.diag(white)))


def test_the_turns_end_at_the_least_squares_solution() -> None:
    """The slow twin: one regression with a column for everything."""
    panel, _ = planted(items=6, stores=3, weeks=30)
    slopes = item_slopes(panel, items=6, config=ElasticityConfig(tolerance=1e-10, most_turns=3000))
    x = np.log(panel.price)
    of_item = (panel.item[:, None] == np.arange(6)).astype(float)
    series, store_quarter = panel.item * 3 + panel.store, panel.store * 3 + panel.week // 13
    columns = [
        of_item * x[:, None],
        panel.promotion[:, None],
        of_item * panel.week[:, None],
        (series[:, None] == np.arange(18)).astype(float),
        (store_quarter[:, None] == np.arange(9)).astype(float),
        (panel.week[:, None] == np.arange(30)).astype(float),
    ]
    exact, *_ = np.linalg.lstsq(np.column_stack(columns), panel.log_quantity, rcond=None)
    assert slopes.time_effects == "week of category"
    assert slopes.slope == pytest.approx(exact[:6], abs=1e-5)
    assert np.log(slopes.promotion_lift) == pytest.approx(exact[6], abs=1e-5)


def test_planted_elasticities_lie_within_their_intervals_at_the_stated_rate() -> None:
    panel, true = planted(items=150)
    found = estimate(panel, items=150)
    assert found.refusal == [""] * 150
    inside = (true >= found.lower) & (true <= found.upper)
    assert 0.89 <= inside.mean() <= 0.99
    assert found.slopes.promotion_lift == pytest.approx(np.exp(0.2), rel=0.05)


def test_drawing_to_the_category_lowers_the_error() -> None:
    panel, true = planted(items=60, weeks=20, noise=0.5)
    found = estimate(panel, items=60)
    own = np.mean((found.slopes.slope - true) ** 2)
    assert np.mean((found.elasticity - true) ** 2) < own
    assert found.category_mean[0] == pytest.approx(-2, abs=0.3)


def changed(panel: PricePanel, item: int, log_price: np.ndarray) -> PricePanel:
    rows = panel.item == item
    price = panel.price.copy()
    price[rows] = np.exp(log_price[panel.week[rows]])
    return PricePanel(
        panel.item, panel.store, panel.week, price, panel.units, panel.exposure_days, panel.promotion, panel.category
    )


def test_refusals_have_their_reason() -> None:
    panel, _ = planted(items=13, weeks=60)
    random = np.random.default_rng(9)
    panel = changed(panel, 0, np.where(np.arange(60) < 30, 0.0, 0.2))
    panel = changed(panel, 1, 0.02 * random.normal(size=60))
    panel = changed(panel, 2, 0.15 * random.normal(size=60))  # has nothing to do with what was sold
    rows = (panel.item < 12) & ((panel.item != 3) | (panel.week < 1))
    found = estimate(panel.where(rows), items=13)
    assert found.refusal[0] == TOO_FEW_PRICES
    assert found.refusal[1] == TOO_LITTLE_VARIATION
    assert found.refusal[2] == SPANS_ZERO or found.upper[2] < 0  # it may be drawn to its category
    assert found.refusal[3] == TOO_FEW_WEEKS
    assert found.refusal[12] == TOO_FEW_WEEKS  # a product without a row
    assert found.refusal[4] == ""


def test_an_empty_panel_refuses_everything() -> None:
    nothing, none = np.empty(0, np.int64), np.empty(0)
    found = estimate(PricePanel(nothing, nothing, nothing, none, none, none, none, np.zeros(2, np.int64)), items=2)
    assert found.refusal == [TOO_FEW_WEEKS] * 2


def test_a_product_alone_has_quarters_for_weeks() -> None:
    panel, _ = planted(items=1, stores=4)
    found = estimate(panel, items=1)
    assert found.slopes.time_effects == "quarter"
    assert found.refusal[0] in ("", NOT_SEPARABLE)
    assert found.slopes.slope[0] == pytest.approx(-2, abs=1.2)


def daily(rows: list[tuple[int, int, float, float]], *, out: frozenset[int] = frozenset()) -> DailyPrices:
    """From (store, day from Monday, units, price) of one product."""
    store, day, units, price = (np.array(column) for column in zip(*rows, strict=True))
    return DailyPrices(
        item=np.zeros(len(rows), np.int64),
        store=store.astype(np.int64),
        day=MONDAY + day.astype(np.int64),
        units=units.astype(float),
        revenue=(units * price).astype(float),
        is_promotion=np.zeros(len(rows), np.bool_),
        is_out=np.array([day in out for _, day, *_ in rows]),
        category=np.zeros(1, np.int64),
    )


def steady(price_of: dict[int, float], days: int = 28, units: float = 10.0) -> list[tuple[int, int, float, float]]:
    return [(0, day, units, price_of.get(day, 2.0)) for day in range(days)]


def test_a_price_that_changes_within_a_week_makes_two_spells() -> None:
    panel = make_panel(daily(steady(dict.fromkeys(range(3, 7), 1.5))))
    first_week = panel.week == panel.week.min()
    assert sorted(panel.price[first_week].tolist()) == [1.5, 2.0]
    assert sorted(panel.units[first_week].tolist()) == [30, 40]
    assert sorted(panel.exposure_days[first_week].round(6).tolist()) == [3, 4]


def test_a_day_without_a_sale_counts_and_keeps_the_price() -> None:
    rows = [row for row in steady({}) if row[1] not in (2, 3)]
    panel = make_panel(daily(rows))
    assert panel.exposure_days[0] > 6.4  # seven days; those two usually sell a little less in so short a past
    assert panel.units[0] == 50


def test_a_day_out_of_stock_is_left_out() -> None:
    whole, part = make_panel(daily(steady({}))), make_panel(daily(steady({}), out=frozenset({2})))
    assert part.units[0] == whole.units[0] - 10
    assert part.exposure_days[0] == pytest.approx(whole.exposure_days[0] - 1, abs=1e-6)


def test_little_sold_in_each_store_is_summed_over_stores() -> None:
    rows = [(store, day, 1.0, 2.0) for store in (0, 1, 2) for day in range(0, 28, 3)]
    panel = make_panel(daily(rows))
    assert len(np.unique(panel.store)) == 1
    assert panel.units.sum() == 30


@pytest.mark.shared_data
class TestOrangeJuice:
    """Taddy, Business Data Science (2019), chapter on regression: Dominick's orange juice."""

    @pytest.fixture
    def juice(self, shared_data: Path) -> dict[str, np.ndarray]:
        duckdb = pytest.importorskip("duckdb")
        file = shared_data / "dominicks_oj.parquet"
        return dict(duckdb.sql(f"SELECT sales, price, brand, feat FROM '{file}'").fetchnumpy())

    def columns(self, juice: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
        x = np.log(juice["price"].astype(float))
        brand = np.asarray(juice["brand"]).astype(str)
        minute, tropicana = ((brand == name).astype(float) for name in ("minute.maid", "tropicana"))
        return np.ones(len(x)), x, minute, tropicana, juice["feat"].astype(float)

    def test_pooled(self, juice: dict[str, np.ndarray]) -> None:
        one, x, *_ = self.columns(juice)
        fitted = least_squares(np.column_stack([one, x]), np.log(juice["sales"].astype(float)))
        assert fitted.coefficients == pytest.approx([10.42342, -1.60131], abs=5e-6)
        assert fitted.errors[1] == pytest.approx(0.01836, abs=5e-6)
        assert fitted.r2 == pytest.approx(0.208141, abs=5e-7)

    def test_by_brand(self, juice: dict[str, np.ndarray]) -> None:
        one, x, minute, tropicana, _ = self.columns(juice)
        fitted = least_squares(np.column_stack([one, minute, tropicana, x]), np.log(juice["sales"].astype(float)))
        assert fitted.coefficients == pytest.approx([10.82882, 0.87017, 1.52994, -3.13869], abs=5e-6)
        assert (fitted.errors[3], fitted.r2) == pytest.approx((0.02293, 0.394095), abs=5e-6)

    def test_a_slope_for_each_brand(self, juice: dict[str, np.ndarray]) -> None:
        one, x, minute, tropicana, _ = self.columns(juice)
        X = np.column_stack([one, minute, tropicana, x, x * minute, x * tropicana])
        fitted = least_squares(X, np.log(juice["sales"].astype(float)))
        assert fitted.coefficients == pytest.approx([10.95468, 0.88825, 0.96239, -3.37753, 0.05679, 0.66576], abs=5e-6)
        assert (fitted.errors[3], fitted.r2) == pytest.approx((0.03619, 0.39779), abs=5e-6)

    def test_featured_or_not(self, juice: dict[str, np.ndarray]) -> None:
        one, x, minute, tropicana, feat = self.columns(juice)
        base = [one, minute, tropicana, x, x * minute, x * tropicana]
        X = np.column_stack([*base, *(column * feat for column in base)])
        fitted = least_squares(X, np.log(juice["sales"].astype(float)))
        assert fitted.coefficients == pytest.approx(
            np.array(
                [
                    10.40658,
                    0.0472,
                    0.70794,
                    -2.77415,
                    0.78293,
                    0.73579,
                    1.09441,
                    1.17294,
                    0.78525,
                    -0.47055,
                    -1.10922,
                    -0.98614,
                ]
            ),
            abs=5e-6,
        )
        assert (fitted.errors[3], fitted.r2) == pytest.approx((0.03883, 0.535394), abs=5e-6)
