"""Every list page of the admin asks a fixed number of queries, whatever the number of rows."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.cast import PASSWORD, Cast
from tests.inventory.admin_rows import make_rows

# Per list page, for a superuser: session, user, the rows and their count (4), and one query for each drop-down
# filter of stores, categories or classes, for rows that are fetched with them, or for Django's own full count.
QUERIES: dict[str, int] = {
    "analytics.anomaly": 5,
    "analytics.classmove": 7,
    "analytics.companyclass": 6,
    "analytics.idlestock": 10,
    "analytics.productclass": 8,
    "analytics.productperformance": 7,
    "analytics.salestrend": 6,
    "auth.group": 5,
    "auth.user": 6,
    "django_celery_beat.clockedschedule": 5,
    "django_celery_beat.crontabschedule": 5,
    "django_celery_beat.intervalschedule": 5,
    "django_celery_beat.periodictask": 8,
    "django_celery_beat.solarschedule": 5,
    "forecasting.calendarevent": 7,
    "forecasting.demandforecasttotal": 7,
    "forecasting.forecastaccuracy": 7,
    "forecasting.forecastoverride": 7,
    "forecasting.forecastrun": 4,
    "forecasting.plannedprice": 5,
    "forecasting.productdemandforecast": 7,
    "forecasting.trainedmodel": 6,
    "insights.analysisrun": 4,
    "insights.analysisrunchunk": 5,
    "insights.customerscore": 8,
    "insights.decision": 5,
    "insights.decisionlimit": 4,
    "insights.decisionreason": 4,
    "insights.decisionvalue": 7,
    "insights.excessrecommendation": 9,
    "insights.priceelasticity": 7,
    "insights.reorderrecommendation": 11,
    "insights.servicetarget": 4,
    "insights.transferrecommendation": 12,
    "inventory.alert": 5,
    "inventory.apikey": 4,
    "inventory.calendarfeed": 4,
    "inventory.company": 4,
    "inventory.customer": 4,
    "inventory.dailysales": 7,
    "inventory.inventorytransaction": 7,
    "inventory.product": 5,
    "inventory.purchaseorder": 8,
    "inventory.receipt": 5,
    "inventory.salesfile": 5,
    "inventory.stockevent": 7,
    "inventory.stocklevel": 8,
    "inventory.stocktransfer": 6,
    "inventory.store": 5,
    "inventory.streamshard": 5,
    "inventory.supplier": 4,
    "inventory.supplieritem": 4,
    "inventory.webhookdelivery": 4,
    "inventory.webhookendpoint": 4,
}
MODELS = sorted(model._meta.label_lower for model in admin.site._registry)


@pytest.fixture
def root(cast: Cast, client: Client) -> Client:
    user = User.objects.create_superuser("root", password=PASSWORD)
    client.force_login(user)
    return client


def test_every_list_has_its_number_of_queries_written_down() -> None:
    assert sorted(QUERIES) == MODELS


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize("label", MODELS)
def test_a_list_page_asks_a_fixed_number_of_queries(label: str, rows: int, cast: Cast, root: Client) -> None:
    make_rows(cast, rows)
    app, model = label.split(".")
    address = reverse(f"admin:{app}_{model}_changelist")
    root.get(address)  # content types and the like are read once per process
    with CaptureQueriesContext(connection) as queries:
        response = root.get(address)
    assert response.status_code == 200
    assert len(queries) == QUERIES[label], "\n".join(query["sql"][:200] for query in queries)
