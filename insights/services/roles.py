"""The five roles (AD-7) and what each may do: the one table that the migration, the demo and the tests read."""

from __future__ import annotations

from typing import Any

EVERYONE_SEES = (
    "inventory.company inventory.store inventory.supplier inventory.product inventory.supplieritem "
    "inventory.stocklevel inventory.inventorytransaction inventory.dailysales inventory.salesfile "
    "inventory.stockevent inventory.stockeventstep "
    "inventory.alert "
    "inventory.purchaseorder inventory.purchaseorderline inventory.receipt "
    "inventory.stocktransfer inventory.stocktransferline inventory.transferreceipt "
    "analytics.productperformance analytics.salestrend "
    "analytics.productclass analytics.classmove analytics.idlestock "
    "analytics.anomaly analytics.anomalydecision "
    "forecasting.forecastrun forecasting.productdemandforecast forecasting.demandforecasttotal "
    "forecasting.forecastaccuracy forecasting.trainedmodel "
    "forecasting.calendarevent forecasting.plannedprice forecasting.forecastoverride "
    "insights.reorderrecommendation insights.transferrecommendation insights.excessrecommendation "
    "insights.decision insights.decisionvalue insights.decisionreason insights.decisionlimit "
    "insights.servicetarget "
    "insights.analysisrun insights.analysisrunchunk"
).split()


def _may(verbs: str, *models: str) -> set[str]:
    return {f"{model.split('.')[0]}.{verb}_{model.split('.')[1]}" for verb in verbs.split() for model in models}


# A calendar feed is its owner's alone: the admin shows everybody their own.
_SEES = _may("view", *EVERYONE_SEES) | _may("add view change", "inventory.calendarfeed")
# The company's classes are sums over every store.
_ALL_STORES = {"inventory.view_all_stores"} | _may("view", "analytics.companyclass")
_STOCK_WORK = _may("add change", "inventory.stocktransfer", "inventory.stocktransferline") | {
    "inventory.change_stocklevel",
    "inventory.add_inventorytransaction",
    "inventory.add_receipt",
    "inventory.add_salesfile",
    "inventory.change_alert",
    "inventory.add_stockevent",
    "inventory.change_stockevent",
}
_BUYING = _may("add change delete", "inventory.purchaseorderline", "inventory.supplieritem") | _may(
    "add change", "inventory.purchaseorder", "inventory.supplier", "inventory.product", "inventory.company"
)
_SETTING_SERVICE = _may("add change delete", "insights.servicetarget")
# What is known ahead. Overrides are added and withdrawn, never deleted; a store manager plans for own stores alone.
_PLANNING = _may("add change", "forecasting.calendarevent", "forecasting.forecastoverride")
_PRICING = _may("add change delete", "forecasting.plannedprice")
_DECIDING = {
    "insights.decide_reorderrecommendation",
    "insights.decide_transferrecommendation",
    "insights.decide_excessrecommendation",
    "analytics.dismiss_anomaly",
}
_FORECASTING = {"forecasting.add_productdemandforecast"}
# What is learned of prices is for whoever sets them; what is learned of customers is the analyst's alone.
_PRICE_INSIGHTS = _may("view", "insights.priceelasticity", "insights.demandanalysis")
_CUSTOMER_INSIGHTS = _may("view", "insights.customerscore", "insights.customersegment", "inventory.customer")

ROLES: dict[str, frozenset[str]] = {
    "Viewer": frozenset(_SEES | _ALL_STORES),
    "Store manager": frozenset(_SEES | _STOCK_WORK | _PLANNING | _DECIDING | _FORECASTING),
    "Buyer": frozenset(
        _SEES
        | _ALL_STORES
        | _STOCK_WORK
        | _BUYING
        | _SETTING_SERVICE
        | _PLANNING
        | _PRICING
        | _PRICE_INSIGHTS
        | _DECIDING
        | _FORECASTING
    ),
    "Analyst": frozenset(
        _SEES
        | _ALL_STORES
        | _PLANNING
        | _FORECASTING
        | _PRICE_INSIGHTS
        | _CUSTOMER_INSIGHTS
        | {"insights.add_analysisrun", "inventory.add_salesfile", "analytics.dismiss_anomaly"}
    ),
}
ADMINISTRATOR = "Administrator"
OUR_APPS = ("inventory", "analytics", "forecasting", "insights", "auth", "django_celery_beat")
# Facts are written by services alone: no role, not even the administrator, edits or deletes them by hand.
NOBODY_MAY = frozenset(
    _may(
        "change delete",
        "inventory.inventorytransaction",
        "insights.decision",
        "inventory.receipt",
        "inventory.transferreceipt",
    )
    | _may("add change delete", "inventory.dailysales", "analytics.productperformance", "analytics.salestrend")
    | _may("add change delete", "analytics.productclass", "analytics.classmove", "analytics.companyclass")
    | _may("add change delete", "analytics.idlestock", "analytics.anomaly", "analytics.anomalydecision")
    | _may("add change delete", "forecasting.demandforecasttotal", "forecasting.trainedmodel")
    | _may("delete", "forecasting.forecastoverride")
    | _may("add change delete", "insights.decisionvalue")
    | _may(
        "add change delete",
        "insights.demandanalysis",
        "insights.customerscore",
        "insights.customersegment",
        "insights.priceelasticity",
    )
    | _may("delete", "inventory.stockevent")
    | _may("add change delete", "inventory.stockeventstep", "inventory.streamshard", "inventory.webhookdelivery")
    | _may("delete", "inventory.stocklevel", "inventory.store", "inventory.product")
)


def create_roles(apps: Any) -> None:
    """Make or refresh the groups from the table above; works with historical and with present models."""
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    by_name = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for role, names in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set([by_name[name] for name in sorted(names)])
    administrator, _ = Group.objects.get_or_create(name=ADMINISTRATOR)
    administrator.permissions.set(
        [p for name, p in by_name.items() if name.split(".")[0] in OUR_APPS and name not in NOBODY_MAY]
    )
