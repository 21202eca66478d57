import django.db.models.deletion
import django.utils.timezone
import hamyar_server.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('intake', '0001_initial'),
        ('intake', '0003_walls'),
        ('intake', '0004_needs_of_the_registry'),
    ]

    dependencies = [
        ('areas', '0001_tables'),
        ('organisations', '0001_tables'),
        ('registry', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Candidate',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('channel', models.CharField(default='nomination', max_length=20)),
                ('state', models.CharField(choices=[('nominated', 'awaits verification'), ('returned', 'returned to the nominator'), ('verified', 'awaits a decision'), ('accepted', 'accepted'), ('declined', 'declined')], default='nominated', max_length=12)),
                ('version', models.PositiveIntegerField(default=1, help_text='counts changes, so that two people cannot decide at once')),
                ('reason', models.TextField()),
                ('letter_number', models.CharField(max_length=50)),
                ('letter_date', models.DateField()),
                ('nominated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('verified_at', models.DateTimeField(null=True)),
                ('note', models.TextField(blank=True, help_text='what the verifier wrote to the nominator')),
                ('decide_by', models.DateField(help_text='the date that binds the foundation', null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('public_category', models.CharField(blank=True, choices=[('priority', 'among the places of priority'), ('urgent', 'an urgent need'), ('covered', 'already covered by another organisation'), ('no_budget', "outside this year's budget"), ('less_deprived', 'other places are more deprived'), ('incomplete', 'not enough evidence yet')], max_length=20)),
                ('internal_reason', models.TextField(blank=True)),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='candidates', to='areas.area')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('needs', models.ManyToManyField(related_name='candidates', to='registry.need')),
                ('nominated_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='nominations', to='organisations.organisation')),
                ('nominator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('verified_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('verifier', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'decide_by', 'id'], name='intake_cand_state_d940b2_idx')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ('nominated', 'returned', 'verified'))), fields=('area', 'nominated_by'), name='one_open_candidate_per_area_and_organisation')],
            },
        ),
    ]
