"""Segments, lifetime value and churn of every customer: learned by a task, kept as rows, never inside a request."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from forecasting.services.runs import current_version
from forecasting.services.trained_models import UnreadableModel
from insights.calc.customers.churn import ChurnConfig, ChurnModel, ChurnTraining, train_churn
from insights.calc.customers.days import TooFewCustomersError
from insights.calc.customers.features import FEATURES, customer_features
from insights.calc.customers.lifetime_training import LifetimeTraining, train_lifetimes
from insights.calc.customers.trees import OtherColumnsError, TreesMissingError
from insights.frames.customers import CustomerFrame, customer_currencies, load_customer_days
from insights.models import CustomerScore, CustomerSegment, DemandAnalysis
from insights.services.customer_models import keep_model, load_document, model_name, newest_model
from insights.services.customer_rows import ChurnScores, score_rows
from insights.services.customer_segmentation import Segmentation, segment_customers
from inventory.services.business_days import last_complete_day

logger = logging.getLogger(__name__)

HISTORY_DAYS = 1461
KEPT_ANALYSES = 14
MOST_AGE_OF_CHURN_DAYS = 28  # of the model in service: an older one is replaced even by a slightly worse one
ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class CustomerOutcome:
    """What became of one currency."""

    currency: str
    as_of_date: date | None
    customers: int
    remarks: list[str]


@dataclass(frozen=True)
class _Churn:
    """The scores, and what is told of them; ``new`` is the model to store, None where the one in service stays."""

    scores: ChurnScores | None
    told: dict[str, Any]
    new: ChurnTraining | None


def train_customers(*, now: datetime, until: date | None = None) -> list[CustomerOutcome]:
    """Analyse the customers of each currency as of the end of ``until`` (the last complete day).

    Nothing is done in a transaction but the writing. What is too little for one model leaves the others: why stands in the
    analysis' ``results``. The same day again replaces its rows.
    """
    last = min(until, last_complete_day(now=now)) if until else last_complete_day(now=now)
    return [_train_currency(currency, last, now) for currency in customer_currencies()]


def _train_currency(currency: str, until: date, now: datetime) -> CustomerOutcome:
    frame = load_customer_days(currency=currency, until=until, most_days=HISTORY_DAYS)
    if frame is None:
        return CustomerOutcome(currency, None, 0, ["no customer has bought anything by then"])
    earlier = _before(currency, frame.last_day)
    try:
        segmentation = segment_customers(frame, earlier=earlier)
    except TooFewCustomersError as error:
        return CustomerOutcome(currency, frame.last_day, 0, [str(error)])
    lifetimes, why_no_lifetimes = _lifetimes(frame)
    churn = _churn(frame)
    results = {
        "segments": segmentation.told,
        "lifetime": _told_of_lifetimes(lifetimes, why_no_lifetimes, uses_margin=frame.days.uses_margin),
        "churn": churn.told,
    }
    rows = score_rows(frame, segmentation, lifetimes, churn.scores)
    results["segments"]["migration"] = _migration(earlier, rows)
    _write(frame, results, segmentation, rows, lifetimes, churn, now)
    remarks = [part["reason"] for part in results.values() if part.get("reason")]
    return CustomerOutcome(currency, frame.last_day, len(rows), remarks)


def _before(currency: str, day: date) -> DemandAnalysis | None:
    own = DemandAnalysis.objects.of_kind(DemandAnalysis.Kind.CUSTOMERS).filter(currency=currency)
    found: DemandAnalysis | None = own.filter(as_of_date__lt=day).newest_first().first()
    return found


def _lifetimes(frame: CustomerFrame) -> tuple[LifetimeTraining | None, str]:
    first, last = frame.first_day.toordinal(), frame.last_day.toordinal()
    try:
        return train_lifetimes(frame.days, first_day=first, end_day=last), ""
    except TooFewCustomersError as error:
        return None, str(error)


def _told_of_lifetimes(training: LifetimeTraining | None, reason: str, *, uses_margin: bool) -> dict[str, Any]:
    if training is None:
        return {"served": "", "reason": reason}
    return {
        "served": training.served,
        "reason": "",
        "remarks": training.remarks,
        "value_is": "margin" if uses_margin else "revenue",
        "purchase_model": training.purchases.name,
        "purchases": asdict(training.purchases),
        "spending": asdict(training.spending) if training.spending else None,
        "months": 12,
        "held_out_days": training.held_out_days,
        "held_out": {name: report.as_dict() for name, report in training.reports.items()},
    }


def _churn(frame: CustomerFrame) -> _Churn:
    first, last = frame.first_day.toordinal(), frame.last_day.toordinal()
    try:
        training = train_churn(frame.days, first_day=first, end_day=last)
    except (TooFewCustomersError, TreesMissingError) as error:
        return _Churn(None, {"served": "", "reason": str(error)}, None)
    in_service, why = _in_service(frame, training)
    model = in_service or training.model
    features = customer_features(frame.days, end_day=last)
    windows = ChurnConfig().windows(features, model.window_cap)
    told = {
        "served": model.name,
        "reason": "",
        "promotion": why,
        "cutoffs": [date.fromordinal(day).isoformat() for day in training.cutoffs],
        "longest_window_days": model.window_cap,
        "trees_beat_recency": training.trees_win,
        "held_out": {
            "gradient_boosting": training.trees.as_dict(),
            "recency_rule": training.recency_rule.as_dict(),
            "gradient_boosting_active": training.trees_of_active and training.trees_of_active.as_dict(),
            "recency_rule_active": training.recency_of_active and training.recency_of_active.as_dict(),
        },
        "importance": training.importance,
    }
    scores = ChurnScores(features.summary.place, model.probability(features), windows)
    return _Churn(scores, told, None if in_service else training)


def _in_service(frame: CustomerFrame, training: ChurnTraining) -> tuple[ChurnModel | None, str]:
    """The stored model where it stays: the new one is promoted when it takes more of the recency rule's error away."""
    stored = newest_model(model_name("churn", frame.currency))
    if stored is None:
        return None, "the first model"
    if (frame.last_day - stored.trained_until).days > MOST_AGE_OF_CHURN_DAYS or stored.trained_until > frame.last_day:
        return None, f"version {stored.version} is past its age"
    had = float(stored.metrics.get("skill", 0.0))
    if training.trees_win and training.skill >= had:
        return None, f"skill {training.skill:.3f}, at least that of version {stored.version} ({had:.3f})"
    if not training.trees_win:
        return None, "the trees no longer beat the recency rule"
    try:
        model = ChurnModel.from_json(load_document(stored))
    except (UnreadableModel, OtherColumnsError, KeyError, ValueError) as error:
        logger.warning("the stored churn model is replaced: %s", error)
        return None, f"version {stored.version} cannot be used: {error}"
    return model, f"version {stored.version} stays: skill {had:.3f} against {training.skill:.3f} of the new one"


def _migration(earlier: DemandAnalysis | None, rows: list[CustomerScore]) -> dict[str, Any]:
    """How many customers went from which segment to which since the analysis before."""
    if earlier is None:
        return {}
    before = dict(CustomerScore.objects.of_analysis(earlier).values_list("customer_id", "segment"))
    moves: dict[str, dict[str, int]] = {}
    for row in rows:
        was = before.get(row.customer_id, "New")
        inner = moves.setdefault(was, {})
        inner[row.segment] = inner.get(row.segment, 0) + 1
    return {"since": earlier.as_of_date.isoformat(), "moves": moves}


def _write(
    frame: CustomerFrame,
    results: dict[str, Any],
    segmentation: Segmentation,
    rows: list[CustomerScore],
    lifetimes: LifetimeTraining | None,
    churn: _Churn,
    now: datetime,
) -> None:
    kind = DemandAnalysis.Kind.CUSTOMERS
    own = DemandAnalysis.objects.of_kind(kind).filter(currency=frame.currency)
    with transaction.atomic():
        own.filter(as_of_date=frame.last_day).delete()
        analysis = DemandAnalysis.objects.create(
            kind=kind,
            currency=frame.currency,
            as_of_date=frame.last_day,
            first_date=frame.first_day,
            subjects=len(rows),
            results=results,
            code_version=current_version(),
            created_at=now,
        )
        for row in rows:
            row.analysis = analysis
        CustomerScore.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)
        for segment in segmentation.segments:
            segment.analysis = analysis
        CustomerSegment.objects.bulk_create(segmentation.segments)
        _keep_models(frame, lifetimes, churn, now)
        old = own.newest_first().values_list("pk", flat=True)[KEPT_ANALYSES:]
        own.filter(pk__in=list(old)).delete()


def _keep_models(frame: CustomerFrame, lifetimes: LifetimeTraining | None, churn: _Churn, now: datetime) -> None:
    common: dict[str, Any] = {
        "first_day": frame.first_day,
        "last_day": frame.last_day,
        "code_version": current_version(),
        "now": now,
    }
    if lifetimes is not None:
        document = {
            "purchases": asdict(lifetimes.purchases),
            "spending": asdict(lifetimes.spending) if lifetimes.spending else None,
            "forest": lifetimes.forest,
        }
        metrics = {name: report.as_dict() for name, report in lifetimes.reports.items()}
        name = model_name("lifetime", frame.currency)
        keep_model(name, document, features=list(FEATURES), metrics=metrics, seed=3, **common)
    if churn.new is not None:
        skill: dict[str, Any] = {"skill": churn.new.skill if churn.new.trees_win else 0.0, **churn.told["held_out"]}
        name = model_name("churn", frame.currency)
        document = churn.new.model.as_json()
        keep_model(name, document, features=list(FEATURES), metrics=skill, seed=ChurnConfig().seed, **common)
