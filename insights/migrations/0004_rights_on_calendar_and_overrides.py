"""The roles again: there are tables that they had no rights on."""

from importlib import import_module

from django.db import migrations

make_roles = import_module("insights.migrations.0002_roles").make_roles


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0003_recommendations_of_any_status"),
        ("inventory", "0008_country_and_region_of_a_store"),
        ("analytics", "0004_sales_trends"),
        ("forecasting", "0003_calendar_and_overrides"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
