"""Notes every day of sales that is there already, so that the sums over days are made from them. Safe to run again."""

from django.db import migrations


def note_known_days(apps, schema_editor):
    DailySales = apps.get_model("inventory", "DailySales")
    SalesDayChange = apps.get_model("inventory", "SalesDayChange")
    days = DailySales.objects.order_by().values_list("store_id", "business_date").distinct()
    SalesDayChange.objects.bulk_create(
        [SalesDayChange(store_id=store_id, business_date=day) for store_id, day in days], batch_size=400
    )


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_sales_day_changes")]

    operations = [migrations.RunPython(note_known_days, migrations.RunPython.noop)]
