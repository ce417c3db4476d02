import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('forecasting', '0004_accuracy_keeps_the_newest'),
        ('inventory', '0005_movements_of_a_type_or_a_period'),
    ]

    operations = [
        migrations.CreateModel(
            name='ForecastAccuracyHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('points', models.PositiveIntegerField(default=0)),
                ('actual_units', models.FloatField(default=0)),
                ('absolute_error', models.FloatField(default=0)),
                ('signed_error', models.FloatField(default=0)),
                ('squared_error', models.FloatField(default=0)),
                ('scaled_points', models.PositiveIntegerField(default=0, help_text='Points of series whose scale is known.')),
                ('scaled_absolute_error', models.FloatField(default=0)),
                ('scaled_squared_error', models.FloatField(default=0)),
                ('band_points', models.PositiveIntegerField(default=0, help_text='Points with quantiles and intervals.')),
                ('pinball_loss', models.FloatField(default=0, help_text='Sum over the points of the mean over the levels, in units.')),
                ('inside_80', models.PositiveIntegerField(default=0)),
                ('inside_95', models.PositiveIntegerField(default=0)),
                ('naive_points', models.PositiveIntegerField(default=0, help_text='Points for which the seasonal naive is known.')),
                ('beside_naive_actual_units', models.FloatField(default=0, help_text='Demand of those points.')),
                ('naive_absolute_error', models.FloatField(default=0)),
                ('beside_naive_absolute_error', models.FloatField(default=0, help_text='Of what was served, on those points.')),
                ('overridden_points', models.PositiveIntegerField(default=0, help_text='Points that a person had overridden.')),
                ('overridden_absolute_error', models.FloatField(default=0)),
                ('overridden_signed_error', models.FloatField(default=0)),
                ('baseline_absolute_error', models.FloatField(default=0, help_text='Of the forecast before the override.')),
                ('kind', models.CharField(choices=[('backtest', 'Backtest'), ('live', 'Live')], max_length=8)),
                ('day', models.DateField()),
                ('weeks_ahead', models.PositiveSmallIntegerField(default=0)),
                ('category', models.CharField(blank=True, max_length=100)),
                ('model', models.CharField(max_length=32)),
                ('series', models.PositiveIntegerField(default=0)),
                ('series_served', models.PositiveIntegerField(default=0, help_text='Series for which this model is served.')),
            ],
            options={
                'verbose_name_plural': 'forecast accuracy over time',
                'db_table': 'forecast_accuracy_history',
            },
        ),
        migrations.CreateModel(
            name='ForecastLiveAccuracy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('points', models.PositiveIntegerField(default=0)),
                ('actual_units', models.FloatField(default=0)),
                ('absolute_error', models.FloatField(default=0)),
                ('signed_error', models.FloatField(default=0)),
                ('squared_error', models.FloatField(default=0)),
                ('scaled_points', models.PositiveIntegerField(default=0, help_text='Points of series whose scale is known.')),
                ('scaled_absolute_error', models.FloatField(default=0)),
                ('scaled_squared_error', models.FloatField(default=0)),
                ('band_points', models.PositiveIntegerField(default=0, help_text='Points with quantiles and intervals.')),
                ('pinball_loss', models.FloatField(default=0, help_text='Sum over the points of the mean over the levels, in units.')),
                ('inside_80', models.PositiveIntegerField(default=0)),
                ('inside_95', models.PositiveIntegerField(default=0)),
                ('naive_points', models.PositiveIntegerField(default=0, help_text='Points for which the seasonal naive is known.')),
                ('beside_naive_actual_units', models.FloatField(default=0, help_text='Demand of those points.')),
                ('naive_absolute_error', models.FloatField(default=0)),
                ('beside_naive_absolute_error', models.FloatField(default=0, help_text='Of what was served, on those points.')),
                ('overridden_points', models.PositiveIntegerField(default=0, help_text='Points that a person had overridden.')),
                ('overridden_absolute_error', models.FloatField(default=0)),
                ('overridden_signed_error', models.FloatField(default=0)),
                ('baseline_absolute_error', models.FloatField(default=0, help_text='Of the forecast before the override.')),
                ('week', models.DateField(help_text='The Monday of the measured week.')),
                ('weeks_ahead', models.PositiveSmallIntegerField(help_text='1: forecast 1 to 7 days before; 2: 8 to 14 days …')),
                ('model', models.CharField(max_length=32, verbose_name='served model')),
                ('measured_through', models.DateField(help_text='Last day of the week that was over.')),
                ('censored_points', models.PositiveIntegerField(default=0, help_text='Days left out: demand unknown, no stock.')),
            ],
            options={
                'verbose_name_plural': 'forecast live accuracy',
                'db_table': 'forecast_live_accuracy',
            },
        ),
        migrations.RemoveConstraint(
            model_name='forecastaccuracy',
            name='forecast_accuracy_once_a_day',
        ),
        migrations.AddField(
            model_name='forecastaccuracy',
            name='coverage_95',
            field=models.FloatField(blank=True, null=True, verbose_name='95 % interval held'),
        ),
        migrations.AddField(
            model_name='forecastaccuracy',
            name='demand_units',
            field=models.FloatField(default=0, help_text='Demand of the measured days: what the WAPE is divided by.'),
        ),
        migrations.AddField(
            model_name='forecastaccuracy',
            name='pinball',
            field=models.FloatField(blank=True, null=True, verbose_name='pinball loss (units)'),
        ),
        migrations.AddField(
            model_name='forecastaccuracy',
            name='rank',
            field=models.PositiveSmallIntegerField(default=0, help_text='1 had the least error; 0 could not be measured.'),
        ),
        migrations.AddField(
            model_name='forecastaccuracy',
            name='rmsse',
            field=models.FloatField(blank=True, null=True, verbose_name='RMSSE'),
        ),
        migrations.AddField(
            model_name='forecastrun',
            name='kind',
            field=models.CharField(choices=[('nightly', 'Nightly analysis'), ('forecast', 'Forecast alone'), ('backfill', 'Past day, as of then')], default='nightly', max_length=16),
        ),
        migrations.AddField(
            model_name='forecastrun',
            name='measured_through',
            field=models.DateField(blank=True, help_text='Last day whose sales were compared with what had been forecast of it.', null=True),
        ),
        migrations.AddField(
            model_name='forecastrun',
            name='progressed_at',
            field=models.DateTimeField(blank=True, help_text='When the last chunk was committed.', null=True),
        ),
        migrations.AddField(
            model_name='forecastrun',
            name='series_skipped',
            field=models.PositiveIntegerField(default=0, help_text='Too little history for a forecast.'),
        ),
        migrations.AlterField(
            model_name='forecastaccuracy',
            name='coverage_80',
            field=models.FloatField(blank=True, null=True, verbose_name='80 % interval held'),
        ),
        migrations.AlterField(
            model_name='forecastaccuracy',
            name='forecast_date',
            field=models.DateField(help_text='First day that the forecast of this backtest forecasts.'),
        ),
        migrations.AlterField(
            model_name='forecastaccuracy',
            name='is_chosen',
            field=models.BooleanField(default=False, verbose_name='served'),
        ),
        migrations.AlterField(
            model_name='forecastaccuracy',
            name='mase',
            field=models.FloatField(blank=True, null=True, verbose_name='MASE'),
        ),
        migrations.AlterField(
            model_name='forecastaccuracy',
            name='points',
            field=models.PositiveIntegerField(default=0, help_text='Days, over all origins, that were measured.'),
        ),
        migrations.AlterField(
            model_name='forecastaccuracy',
            name='wape',
            field=models.FloatField(blank=True, null=True, verbose_name='WAPE'),
        ),
        migrations.AddIndex(
            model_name='forecastaccuracy',
            index=models.Index(fields=['forecast_date'], name='forecast_accuracy_by_day'),
        ),
        migrations.AddConstraint(
            model_name='forecastaccuracy',
            constraint=models.UniqueConstraint(fields=('store', 'product', 'model'), name='forecast_accuracy_once'),
        ),
        migrations.AddField(
            model_name='forecastaccuracyhistory',
            name='store',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='forecast_accuracy_history', to='inventory.store'),
        ),
        migrations.AddField(
            model_name='forecastliveaccuracy',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='live_accuracy', to='inventory.product'),
        ),
        migrations.AddField(
            model_name='forecastliveaccuracy',
            name='store',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='live_accuracy', to='inventory.store'),
        ),
        migrations.AddConstraint(
            model_name='forecastaccuracyhistory',
            constraint=models.UniqueConstraint(fields=('kind', 'day', 'weeks_ahead', 'store', 'category', 'model'), name='forecast_accuracy_history_once'),
        ),
        migrations.AddConstraint(
            model_name='forecastaccuracyhistory',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'backtest'), ('weeks_ahead', 0)), models.Q(('kind', 'live'), ('weeks_ahead__gte', 1)), _connector='OR'), name='forecast_accuracy_history_weeks', violation_error_message='A backtest has no weeks ahead, a live measurement at least one.'),
        ),
        migrations.AddIndex(
            model_name='forecastliveaccuracy',
            index=models.Index(fields=['week', 'weeks_ahead'], name='forecast_live_by_week'),
        ),
        migrations.AddConstraint(
            model_name='forecastliveaccuracy',
            constraint=models.UniqueConstraint(fields=('store', 'product', 'week', 'weeks_ahead'), name='forecast_live_accuracy_once'),
        ),
    ]
