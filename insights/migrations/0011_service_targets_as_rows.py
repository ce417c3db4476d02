"""The matrix of fill rates as rows to edit, and who may edit it. Runs again without harm: what is there stays."""

from django.apps import apps as present_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

from insights.calc.replenishment.service_classes import FILL_RATES
from insights.services.roles import OUR_APPS, create_roles


def fill_matrix(apps, schema_editor):
    ServiceTarget = apps.get_model("insights", "ServiceTarget")
    for name, fill_rate in FILL_RATES.items():
        ServiceTarget.objects.get_or_create(
            abc_class=name[:1], xyz_class=name[1:], defaults={"fill_rate": fill_rate}
        )


def make_roles(apps, schema_editor):
    for label in OUR_APPS:
        config = present_apps.get_app_config(label)
        create_permissions(config, verbosity=0, using=schema_editor.connection.alias)
    create_roles(apps)


class Migration(migrations.Migration):
    dependencies = [("insights", "0010_policy_of_orders")]

    operations = [
        migrations.RunPython(fill_matrix, migrations.RunPython.noop),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
    ]
