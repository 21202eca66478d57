import django.db.models.deletion
import hamyar_server.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('analysis', '0001_rounds'),
        ('analysis', '0002_walls'),
    ]

    dependencies = [
        ('areas', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Round',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('title_fa', models.CharField(max_length=200)),
                ('title_en', models.CharField(max_length=200)),
                ('date', models.DateField()),
                ('seed', models.BigIntegerField()),
                ('kind', models.CharField(choices=[('measure', 'Measure'), ('index', 'Area index')], max_length=10)),
                ('manifest', models.JSONField()),
                ('result_hash', models.CharField(max_length=64, unique=True)),
                ('directory', models.CharField(help_text="inside the record's home, or absolute", max_length=500)),
                ('kept_at', models.DateTimeField(auto_now_add=True)),
                ('area', models.ForeignKey(help_text='holds every area of the round', on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='areas.area')),
                ('kept_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AreaResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(help_text="the area's path, so that a subtree is one range of an index", max_length=200)),
                ('kind', models.CharField(help_text="the area's kind", max_length=20)),
                ('estimate', models.FloatField(null=True)),
                ('se', models.FloatField(null=True)),
                ('low', models.FloatField(null=True)),
                ('high', models.FloatField(null=True)),
                ('n', models.IntegerField(null=True)),
                ('estimate_kind', models.CharField(max_length=20)),
                ('population', models.BigIntegerField(null=True)),
                ('people', models.FloatField(null=True)),
                ('people_low', models.FloatField(null=True)),
                ('people_high', models.FloatField(null=True)),
                ('p_worst', models.FloatField(null=True)),
                ('tier', models.CharField(choices=[('surely_in', 'Surely in'), ('uncertain', 'Uncertain'), ('surely_out', 'Surely out')], max_length=10)),
                ('rank', models.IntegerField(null=True)),
                ('rank_low', models.IntegerField(null=True)),
                ('rank_high', models.IntegerField(null=True)),
                ('p_worst_people', models.FloatField(null=True)),
                ('tier_people', models.CharField(blank=True, choices=[('surely_in', 'Surely in'), ('uncertain', 'Uncertain'), ('surely_out', 'Surely out')], max_length=10)),
                ('rank_people', models.IntegerField(null=True)),
                ('rank_people_low', models.IntegerField(null=True)),
                ('rank_people_high', models.IntegerField(null=True)),
                ('settling_n', models.IntegerField(null=True)),
                ('reason_fa', models.TextField(blank=True)),
                ('reason_en', models.TextField(blank=True)),
                ('universe', models.CharField(max_length=20)),
                ('provenance', models.CharField(max_length=20)),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='results', to='areas.area')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='results', to='analysis.round')),
            ],
        ),
        migrations.CreateModel(
            name='IndicatorResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('indicator', models.CharField(max_length=100)),
                ('title_fa', models.CharField(max_length=200)),
                ('title_en', models.CharField(max_length=200)),
                ('dimension', models.CharField(blank=True, max_length=100)),
                ('estimate', models.FloatField(null=True)),
                ('se', models.FloatField(null=True)),
                ('low', models.FloatField(null=True)),
                ('high', models.FloatField(null=True)),
                ('n', models.IntegerField(null=True)),
                ('contribution', models.FloatField(null=True)),
                ('province_estimate', models.FloatField(null=True)),
                ('universe', models.CharField(max_length=20)),
                ('provenance', models.CharField(max_length=20)),
                ('result', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='profile', to='analysis.arearesult')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('result', 'indicator'), name='one_row_per_indicator')],
            },
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(fields=['kind', '-date', '-kept_at'], name='analysis_ro_kind_15de34_idx'),
        ),
        migrations.AddIndex(
            model_name='arearesult',
            index=models.Index(fields=['round', 'rank', 'id'], name='analysis_ar_round_i_e3bfcf_idx'),
        ),
        migrations.AddIndex(
            model_name='arearesult',
            index=models.Index(fields=['round', 'rank_people', 'id'], name='analysis_ar_round_i_0e1c01_idx'),
        ),
        migrations.AddIndex(
            model_name='arearesult',
            index=models.Index(fields=['round', 'path'], name='analysis_ar_round_i_a328b4_idx'),
        ),
        migrations.AddConstraint(
            model_name='arearesult',
            constraint=models.UniqueConstraint(fields=('round', 'area'), name='one_result_per_area_and_round'),
        ),
    ]
