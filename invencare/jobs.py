"""The registry of jobs that run by themselves: one table for Celery beat, for other schedulers and for people.

An operator changes a schedule in the admin; what stands here is the default (``manage.py sync_jobs``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """One job. ``schedule`` is a crontab line (minute hour day month weekday) in the company's ``TIME_ZONE``."""

    name: str
    task: str
    schedule: str
    description: str
    expire_seconds: int | None = None  # a message that waited longer is dropped: the next one does its work


JOBS: tuple[Job, ...] = (
    Job(
        name="Nightly analysis",
        task="insights.start_nightly",
        schedule="0 2 * * *",
        description="Performance, forecasts and recommendations for every product and store, once a day.",
    ),
    Job(
        name="Recommend moves",
        task="insights.recommend_moves",
        schedule="0 5 * * *",
        description="Transfers between stores and what to do with excess; the nightly analysis does it too, at its end.",
    ),
    Job(
        name="Return snoozed recommendations",
        task="insights.return_snoozed",
        schedule="5 * * * *",
        description="Brings snoozed recommendations back on their day, in each store's time zone.",
        expire_seconds=3_500,
    ),
    Job(
        name="Value decisions",
        task="insights.value_decisions",
        schedule="30 4 * * *",
        description="Works out what approvals and rejections were worth, once the days that they covered are over.",
    ),
    Job(
        name="Analyse customers",
        task="insights.train_customers",
        schedule="0 5 * * 1",
        description="Segments, lifetime value and churn of every customer, once a week.",
    ),
    Job(
        name="Measure price elasticities",
        task="insights.train_prices",
        schedule="30 5 * * 1",
        description="How demand of every product answers to its price, once a week.",
    ),
    Job(
        name="Resume runs",
        task="insights.resume_runs",
        schedule="* * * * *",
        description="Takes up runs whose worker or messages were lost.",
        expire_seconds=55,
    ),
    Job(
        name="Find anomalies",
        task="insights.find_anomalies",
        schedule="25 */3 * * *",
        description="Examines the newest three days of stores, categories and products again, as late sales come in.",
        expire_seconds=10_000,
    ),
    Job(
        name="Refresh metrics",
        task="analytics.refresh_metrics",
        schedule="* * * * *",
        description="Adds up the days whose sales changed, for the home page and other sums over days.",
        expire_seconds=55,
    ),
    Job(
        name="Forget old forecasts",
        task="insights.forget_old_forecasts",
        schedule="20 4 * * *",
        description="Drops forecasts that are no longer read nor measured, and accuracy that is too old.",
    ),
    Job(
        name="Resume imports",
        task="inventory.tasks.resume_sales_files",
        schedule="*/5 * * * *",
        description="Takes up uploaded sales files whose worker or messages were lost.",
        expire_seconds=290,
    ),
    Job(
        name="Measure lead times",
        task="inventory.tasks.measure_lead_times",
        schedule="30 1 * * *",
        description="What a year of deliveries says of each supplier: lead times, fill rate, punctuality.",
    ),
    Job(
        name="Mail waiting orders",
        task="inventory.tasks.mail_waiting_orders",
        schedule="*/5 * * * *",
        description="Takes up orders whose e-mail was left behind by a stopped process.",
        expire_seconds=290,
    ),
    Job(
        name="Tell other programs",
        task="inventory.tasks.tell_of_alerts",
        schedule="* * * * *",
        description="Sends alerts to webhooks and SNS, and looks for stock events that could not be applied.",
        expire_seconds=55,
    ),
    Job(
        name="Forget API answers",
        task="inventory.tasks.forget_api_answers",
        schedule="40 3 * * *",
        description="Drops answers kept for repeated API requests after 7 days; what they did stays known.",
    ),
    Job(
        name="Load holidays",
        task="forecasting.load_holidays",
        schedule="30 3 1 * *",
        description="Fills in the public holidays of the stores' countries up to next year; what is there stays.",
    ),
    Job(
        name="Follow alerts",
        task="inventory.tasks.follow_alerts",
        schedule="*/10 * * * *",
        description="Looks for overdue orders, and reckons what the open alerts are expected to cost.",
        expire_seconds=590,
    ),
    Job(
        name="Follow anomalies",
        task="analytics.follow_anomalies",
        schedule="20 * * * *",
        description="Opens alerts of unusual sales, and closes those that were dismissed or are old.",
        expire_seconds=3_500,
    ),
    Job(
        name="Send alert digests",
        task="inventory.tasks.send_alert_digests",
        schedule="2 * * * *",
        description="Mails each person what is new, at the hour of their choice.",
        expire_seconds=3_500,
    ),
    Job(
        name="Watch the nightly",
        task="insights.watch_nightly",
        schedule="15 * * * *",
        description="Opens an alert while the nightly analysis is late.",
        expire_seconds=3_500,
    ),
)
