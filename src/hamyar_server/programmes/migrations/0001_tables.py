import django.db.models.deletion
import hamyar_server.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('programmes', '0001_initial'),
        ('programmes', '0002_needs_of_the_registry'),
    ]

    dependencies = [
        ('intake', '0001_tables'),
        ('organisations', '0001_tables'),
        ('registry', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Programme',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name_fa', models.CharField(max_length=200)),
                ('name_en', models.CharField(max_length=200)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='programmes', to='organisations.organisation')),
            ],
            options={
                'verbose_name': 'programme',
                'verbose_name_plural': 'programmes',
            },
        ),
        migrations.CreateModel(
            name='ProgrammeNeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField()),
                ('until', models.DateField(blank=True, null=True)),
                ('need', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='served_by', to='registry.need')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='serves', to='programmes.programme')),
            ],
            options={
                'verbose_name': 'need that a programme serves',
                'verbose_name_plural': 'needs that programmes serve',
                'constraints': [models.UniqueConstraint(fields=('programme', 'need', 'since'), name='one_row_of_programme_need_and_day')],
            },
        ),
        migrations.CreateModel(
            name='Route',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='routes', to='intake.candidate')),
                ('need', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.need')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='routes', to='programmes.programme')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('candidate', 'need', 'programme'), name='one_route_per_need_and_programme')],
            },
        ),
    ]
