"""The roles again: who sees the trained models."""

from importlib import import_module

from django.db import migrations

make_roles = import_module("insights.migrations.0007_roles_of_transfers_and_calendars").make_roles


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0013_roles_of_transfers_and_excess"),
        ("forecasting", "0010_promoted_models"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
