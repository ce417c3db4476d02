"""The first reasons, the rights to the new tables, and what earlier decisions committed."""

from django.apps import apps as present_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.models import F, OuterRef, Subquery

from insights.services.decision_reasons import create_reasons
from insights.services.roles import OUR_APPS, create_roles


def make_reasons(apps, schema_editor):
    create_reasons(apps)


def make_roles(apps, schema_editor):
    for label in OUR_APPS:
        config = present_apps.get_app_config(label)
        create_permissions(config, verbosity=0, using=schema_editor.connection.alias)
    create_roles(apps)


def fill_decisions(apps, schema_editor):
    Decision = apps.get_model("insights", "Decision")
    Recommendation = apps.get_model("insights", "ReorderRecommendation")
    cost = Recommendation.objects.filter(pk=OuterRef("recommendation")).values("unit_cost")[:1]
    for action, status in (("approve", "approved"), ("reject", "rejected")):
        Decision.objects.filter(action=action, status_after="").update(status_before="pending", status_after=status)
    approved = Decision.objects.filter(action="approve", value=0, quantity__isnull=False)
    approved.update(value=F("quantity") * Subquery(cost))


class Migration(migrations.Migration):
    dependencies = [("insights", "0005_deciding")]

    operations = [
        migrations.RunPython(make_reasons, migrations.RunPython.noop),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.RunPython(fill_decisions, migrations.RunPython.noop),
    ]
