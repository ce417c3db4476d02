from django.db import migrations

NEWER = """newer.store_id = {older}.store_id AND newer.product_id = {older}.product_id
           AND newer.model = {older}.model AND newer.forecast_date > {older}.forecast_date"""


def keep_the_newest(apps, schema_editor):
    """From here on a series has one row per model; running it again deletes nothing more."""
    if schema_editor.connection.vendor == "mysql":
        statement = f"DELETE older FROM forecast_accuracy older JOIN forecast_accuracy newer ON {NEWER.format(older='older')}"
    else:
        statement = f"""DELETE FROM forecast_accuracy WHERE EXISTS
            (SELECT 1 FROM forecast_accuracy newer WHERE {NEWER.format(older='forecast_accuracy')})"""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0003_calendar_and_overrides"),
    ]

    operations = [migrations.RunPython(keep_the_newest, migrations.RunPython.noop)]
