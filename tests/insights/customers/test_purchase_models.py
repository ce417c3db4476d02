"""BG/NBD, MBG/NBD, Gamma-Gamma and lifetime value: published numbers, the simulation twin, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from insights.calc.customers.days import TooFewCustomersError, kept_share, summarise
from insights.calc.customers.lifetime import LifetimeConfig, discounted_purchases, value_interval
from insights.calc.customers.purchases import PurchaseModel, fit_purchases
from insights.calc.customers.spending import DependentValueError, SpendingModel, fit_spending
from tests.insights.customers.people import FIRST_DAY, buy_till_they_die, cdnow_summary, days_of

# Fader, Hardie & Lee (2005), table 2: BG/NBD on the CDNOW cohort.
CDNOW = PurchaseModel(0.242593, 4.413532, 0.792886, 2.425754, -9582.4256, is_modified=False)
CDNOW_SPENDING = SpendingModel(6.248803, 3.744588, 15.447746, -4055.92, 0.11)


def test_a_history_is_summed_up_as_the_papers_do() -> None:
    days = days_of([(0, FIRST_DAY, 5.0), (0, FIRST_DAY + 7, 8.0), (0, FIRST_DAY + 21, 4.0), (1, FIRST_DAY, -3.0)])
    summary = summarise(days, end_day=FIRST_DAY + 28)
    assert summary.place.tolist() == [0]  # who only brought something back bought nothing
    assert (summary.frequency[0], summary.recency_weeks[0], summary.age_weeks[0]) == (2, 3, 4)
    assert (summary.mean_value[0], summary.total_money[0], summary.days_since_last[0]) == (6, 17, 7)


def test_later_returns_lower_what_a_purchase_is_worth() -> None:
    days = days_of([(0, FIRST_DAY, 80.0), (1, FIRST_DAY, 20.0), (0, FIRST_DAY + 3, -25.0)])
    assert kept_share(days) == pytest.approx(0.75)


def test_nobody_bought_is_said() -> None:
    with pytest.raises(TooFewCustomersError, match="no customer has bought"):
        summarise(days_of([(0, FIRST_DAY, -1.0)]), end_day=FIRST_DAY)


def test_the_published_conditional_expectation_and_chance_to_be_alive() -> None:
    """The paper's customer: x = 2, t_x = 30.43, T = 38.86; 1.226 purchases in 39 weeks."""
    assert float(CDNOW.expected_purchases(2.0, 30.43, 38.86, 39.0)) == pytest.approx(1.226, abs=5e-4)
    assert float(CDNOW.probability_alive(2.0, 30.43, 38.86)) == pytest.approx(0.72661, abs=5e-6)


def test_the_published_purchases_of_a_new_customer() -> None:
    found = CDNOW.expected_of_new_customer(np.array([0.1429, 1, 3, 31.8571, 32, 78]))
    assert found == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], abs=4e-4)


def test_bg_nbd_calls_every_one_time_buyer_alive_and_mbg_nbd_does_not() -> None:
    nothing, age = np.zeros(1), np.full(1, 30.0)
    modified = PurchaseModel(0.5248, 6.183, 0.8914, 1.614, 0.0, is_modified=True)
    assert CDNOW.probability_alive(nothing, nothing, age)[0] == 1
    assert modified.probability_alive(nothing, nothing, age)[0] < 0.5


def test_the_published_value_of_a_purchase() -> None:
    """lifetimes' CDNOW documentation: conditional_expected_average_profit of the first customers."""
    found = CDNOW_SPENDING.expected_value(np.array([2.0, 1.0, 0.0]), np.array([22.35, 11.77, 0.0]))
    assert found == pytest.approx([24.658619, 18.911481, 35.171002], abs=2e-5)


@pytest.mark.parametrize("is_modified", [False, True])
def test_expected_purchases_are_those_of_drawn_customers(is_modified: bool) -> None:
    """The slow twin: draw λ and p from the posterior and count what happens."""
    model = PurchaseModel(0.8, 6.0, 1.4, 3.0, 0.0, is_modified=is_modified)
    random, draws = np.random.default_rng(1), 400_000
    x, recency, age, horizon = 3.0, 20.0, 26.0, 30.0
    rate = random.gamma(model.r + x, 1 / (model.alpha + age), draws)
    chance = random.beta(model.a, model.b + x + is_modified, draws)
    purchases = np.minimum(random.poisson(rate * horizon), random.geometric(chance))
    expected = float(model.expected_if_alive(np.array([x]), np.array([age]), horizon)[0])
    assert expected == pytest.approx(purchases.mean(), rel=0.01)
    alive = float(model.probability_alive(x, recency, age))
    assert float(model.expected_purchases(x, recency, age, horizon)) == pytest.approx(alive * expected)


def test_customers_who_leave_alike_are_answered_where_the_closed_form_overflows() -> None:
    alike = PurchaseModel(1.2, 3.0, 200.0, 8000.0, 0.0, is_modified=True)
    nearly = PurchaseModel(1.2, 3.0, 29.9, 29.9 * 40, 0.0, is_modified=True)
    x, age = np.array([0.0, 40.0]), np.array([20.0, 60.0])
    found, near = (model.expected_if_alive(x, age, 26.0) for model in (alike, nearly))
    assert np.isfinite(found).all()
    assert found == pytest.approx(near, rel=0.05)


def test_the_fit_recovers_what_was_drawn() -> None:
    days, _ = buy_till_they_die(customers=1500, days=400, seed=3)
    model = fit_purchases(summarise(days, end_day=FIRST_DAY + 399))
    assert model.r / model.alpha / 7 == pytest.approx(0.05, rel=0.2)
    assert model.a / (model.a + model.b) == pytest.approx(1 / 13, rel=0.35)


def test_too_few_customers_are_refused_with_their_number() -> None:
    days, _ = buy_till_they_die(customers=12, days=100, seed=1)
    with pytest.raises(TooFewCustomersError, match="needs 30 customers"):
        fit_purchases(summarise(days, end_day=FIRST_DAY + 99))


def test_gamma_gamma_refuses_values_that_rise_with_frequency() -> None:
    random = np.random.default_rng(2)
    frequency = random.integers(1, 20, 300).astype(float)
    with pytest.raises(DependentValueError, match="correlate"):
        fit_spending(frequency, 10 + 5 * frequency + random.gamma(2, 2, 300))


def test_the_interval_covers_what_drawn_customers_then_spend() -> None:
    """80 % of the customers end within their interval (those at 0 included), to what chance allows."""
    whole, _ = buy_till_they_die(customers=2500, days=540, seed=9)
    cut = FIRST_DAY + 360
    summary = summarise(whole.before(cut + 1), end_day=cut)
    purchases, spending = fit_purchases(summary), fit_spending(summary.frequency, summary.mean_value)
    config = LifetimeConfig(months=6)
    interval = value_interval(purchases, spending, summary, config)
    later = whole.between(cut + 1, cut + round(config.horizon_weeks * 7))
    spent = np.bincount(later.customer, weights=later.money, minlength=2500)[summary.place]
    inside = (spent >= interval.lower - 1e-9) & (spent <= interval.upper + 1e-9)
    assert 0.77 <= inside.mean() <= 0.93


def test_discounting_lowers_the_value_and_nothing_else_does() -> None:
    summary = summarise(days_of([(0, FIRST_DAY, 5.0), (0, FIRST_DAY + 60, 5.0)]), end_day=FIRST_DAY + 90)
    free = LifetimeConfig(discount_per_month=0.0)
    whole = CDNOW.expected_purchases(summary.frequency, summary.recency_weeks, summary.age_weeks, free.horizon_weeks)
    assert discounted_purchases(CDNOW, summary, free) == pytest.approx(whole)
    assert discounted_purchases(CDNOW, summary, LifetimeConfig())[0] < whole[0]


@pytest.mark.shared_data
class TestCdnow:
    """Published fits on the whole cohort: Fader & Hardie's notes; lifetimes' documentation."""

    def test_bg_nbd(self, shared_data: Path) -> None:
        model = fit_purchases(cdnow_summary(shared_data))
        assert (model.r, model.alpha, model.a, model.b) == pytest.approx(
            (0.242593, 4.413532, 0.792886, 2.425754), abs=1e-4
        )
        assert model.log_likelihood == pytest.approx(-9582.4256, abs=1e-3)

    def test_mbg_nbd(self, shared_data: Path) -> None:
        model = fit_purchases(cdnow_summary(shared_data), is_modified=True)
        assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.5248, 6.183, 0.8914, 1.614), abs=2e-3)
        assert model.log_likelihood == pytest.approx(-9582.1327, abs=1e-3)

    def test_gamma_gamma_and_the_first_values(self, shared_data: Path) -> None:
        summary = cdnow_summary(shared_data)
        model = fit_spending(summary.frequency, summary.mean_value)
        assert (model.p, model.q, model.v) == pytest.approx((6.248803, 3.744588, 15.447746), abs=1e-3)
        assert model.log_likelihood == pytest.approx(-4055.92, abs=0.01)
        assert model.expected_value(summary.frequency, summary.mean_value)[:6] == pytest.approx(
            [24.658619, 18.91148, 35.171002, 35.171002, 35.171002, 71.462851], abs=1e-3
        )

    def test_twelve_months_at_one_percent(self, shared_data: Path) -> None:
        """lifetimes counts a month as 30 units of the data's time, here weeks: its published numbers do."""
        summary = cdnow_summary(shared_data)
        model, spending = fit_purchases(summary), fit_spending(summary.frequency, summary.mean_value)
        config = LifetimeConfig(weeks_of_a_month=30)
        value = discounted_purchases(model, summary, config) * spending.expected_value(
            summary.frequency, summary.mean_value
        )
        published = [140.096211, 18.943467, 38.180575, 38.180575, 38.180575, 1003.868285]
        assert value[:6] == pytest.approx(published, rel=1e-4)
