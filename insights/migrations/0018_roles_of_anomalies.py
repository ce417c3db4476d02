"""The roles again: anomalies are new since they were made."""

from importlib import import_module

from django.db import migrations

make_roles = import_module("insights.migrations.0007_roles_of_transfers_and_calendars").make_roles


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0017_roles_of_customers_and_prices"),
        ("analytics", "0008_anomalies"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
