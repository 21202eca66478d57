import django.db.models.deletion
import hamyar_server.core.fields
import hamyar_server.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('areas', '0001_initial'),
        ('areas', '0002_paths_by_the_byte'),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ImportBatch',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('file_name', models.CharField(max_length=255)),
                ('sha256', models.CharField(max_length=64)),
                ('source', models.CharField(help_text='settlements, or boundaries', max_length=20)),
                ('made', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Area',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=20, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('name_en', models.CharField(blank=True, max_length=200)),
                ('key', models.CharField(db_index=True, help_text="the name's text key", max_length=200)),
                ('kind', models.CharField(choices=[('province', 'province'), ('county', 'county'), ('district', 'district'), ('rural_district', 'rural district'), ('city', 'city'), ('village', 'village'), ('neighbourhood', 'neighbourhood')], max_length=20)),
                ('path', hamyar_server.core.fields.PathField(max_length=200, unique=True)),
                ('depth', models.PositiveSmallIntegerField()),
                ('stratum', models.CharField(choices=[('village', 'village'), ('small_city', 'small city'), ('city_margin', 'city margin'), ('other', 'other')], max_length=20)),
                ('inhabited', models.BooleanField(default=True)),
                ('population', models.PositiveIntegerField(blank=True, null=True)),
                ('households', models.PositiveIntegerField(blank=True, null=True)),
                ('lat', models.FloatField(blank=True, null=True)),
                ('lon', models.FloatField(blank=True, null=True)),
                ('boundary', models.JSONField(blank=True, help_text='a GeoJSON geometry', null=True)),
                ('provenance', models.CharField(default='census', max_length=20)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='areas.area')),
            ],
        ),
        migrations.CreateModel(
            name='AreaCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(db_index=True, max_length=20)),
                ('valid_from', models.DateField(blank=True, null=True)),
                ('valid_to', models.DateField(blank=True, null=True)),
                ('source', models.CharField(blank=True, max_length=200)),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='areas.area')),
            ],
        ),
        migrations.CreateModel(
            name='ImportedRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.JSONField(null=True)),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='areas.area')),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='areas.importbatch')),
            ],
        ),
        migrations.AddIndex(
            model_name='area',
            index=models.Index(fields=['kind', 'path'], name='areas_area_kind_a4279a_idx'),
        ),
        migrations.AddIndex(
            model_name='area',
            index=models.Index(fields=['parent', 'key'], name='areas_area_parent__a2148b_idx'),
        ),
        migrations.AddConstraint(
            model_name='areacode',
            constraint=models.UniqueConstraint(fields=('area', 'code', 'valid_from'), name='one_code_of_an_area_from_a_day'),
        ),
        migrations.AddConstraint(
            model_name='importedrow',
            constraint=models.UniqueConstraint(fields=('batch', 'area'), name='one_row_per_area_and_batch'),
        ),
    ]
