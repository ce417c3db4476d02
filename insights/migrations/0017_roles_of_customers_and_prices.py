"""The roles again: what is learned of customers and prices is new since they were made."""

from django.apps import apps as present_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

from insights.services.roles import OUR_APPS, create_roles


def make_roles(apps, schema_editor):
    for label in OUR_APPS:
        config = present_apps.get_app_config(label)
        create_permissions(config, verbosity=0, using=schema_editor.connection.alias)
    create_roles(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0016_customers_and_prices"),
        ("forecasting", "0011_models_of_customers"),
        ("inventory", "0015_customers_can_be_forgotten"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
