
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('forecasting', '0005_accuracy_live_and_over_time'),
    ]

    operations = [
        migrations.AddField(
            model_name='forecastrun',
            name='measures_from',
            field=models.DateField(blank=True, help_text='First day whose sales are compared with what had been forecast of it.', null=True),
        ),
        migrations.AlterField(
            model_name='forecastrun',
            name='measured_through',
            field=models.DateField(blank=True, help_text='Last day that was compared; empty until the run has ended.', null=True),
        ),
    ]
