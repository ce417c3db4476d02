"""The groups of AD-7. Permissions are made by a post-migrate signal, so make them here first."""

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
        ("insights", "0001_initial"),
        ("inventory", "0002_append_only_ledger"),
        ("analytics", "0001_initial"),
        ("forecasting", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
