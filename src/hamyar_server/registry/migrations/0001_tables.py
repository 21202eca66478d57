import django.db.models.deletion
import django.utils.timezone
import hamyar_server.core.encryption
import hamyar_server.core.fields
import hamyar_server.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('registry', '0001_registry'),
        ('registry', '0003_imports'),
        ('registry', '0004_people'),
        ('registry', '0005_walls'),
        ('registry', '0006_lists_in_order'),
        ('registry', '0007_walls_of_what_hangs_on_others'),
        ('registry', '0008_needs'),
    ]

    dependencies = [
        ('areas', '0001_tables'),
        ('organisations', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Need',
            fields=[
                ('code', models.SlugField(max_length=40, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('infrastructure', 'infrastructure'), ('social', 'social')], max_length=20)),
                ('name_fa', models.CharField(max_length=100)),
                ('name_en', models.CharField(max_length=100)),
                ('order', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'need',
                'verbose_name_plural': 'needs',
                'db_table': 'intake_need',
                'ordering': ('order', 'code'),
            },
        ),
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('event', models.BigIntegerField(help_text='number of the audit event')),
                ('count', models.PositiveIntegerField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
                ('told', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alarms', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Household',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('path', hamyar_server.core.fields.PathField(max_length=200)),
                ('state', models.CharField(choices=[('living', 'living'), ('merged', 'merged into another'), ('closed', 'without members')], default='living', max_length=10)),
                ('members', models.PositiveSmallIntegerField(default=0)),
                ('decile', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('facts', models.JSONField(default=dict)),
                ('provenance', models.JSONField(default=dict)),
                ('source_key', hamyar_server.core.encryption.BlindIndexField(blank=True, help_text='keyed index of the source and its own key, for imports that come again', max_length=16, null=True)),
                ('batch', models.UUIDField(help_text='the import that brought it in', null=True)),
                ('retention', models.CharField(choices=[('applicant', 'applied, not yet decided on'), ('declined', 'turned down'), ('served', 'served')], default='applicant', max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='registered_households', to='areas.area')),
                ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged_from', to='registry.household')),
            ],
        ),
        migrations.CreateModel(
            name='Cover',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('decile', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('organisation', models.CharField(blank=True, max_length=200)),
                ('since', models.DateField(blank=True, null=True)),
                ('until', models.DateField(blank=True, null=True)),
                ('source', models.CharField(max_length=200)),
                ('as_of', models.DateField()),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='covers', to='registry.household')),
            ],
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('file_name', models.CharField(max_length=255)),
                ('sha256', models.CharField(max_length=64)),
                ('heading', models.JSONField(default=list)),
                ('mapping', models.JSONField(default=dict)),
                ('source', models.CharField(max_length=200)),
                ('provenance', models.CharField(choices=[('census', 'census'), ('survey', 'survey'), ('assessed', 'assessed'), ('declared', 'declared'), ('model', 'model'), ('synthetic', 'synthetic')], default='declared', max_length=10)),
                ('as_of', models.DateField(default=django.utils.timezone.localdate)),
                ('calendar', models.CharField(default='jalali', max_length=10)),
                ('take_suspected', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('uploaded', 'uploaded'), ('checking', 'being checked'), ('checked', 'checked: waits for you'), ('running', 'being taken in'), ('done', 'taken in'), ('undoing', 'being undone'), ('undone', 'undone'), ('failed', 'failed')], default='uploaded', max_length=10)),
                ('counts', models.JSONField(default=dict)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('message', models.TextField(blank=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('membership', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.membership')),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='ImportedChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.JSONField()),
                ('version', models.PositiveIntegerField(help_text="the household's version after the change")),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='registry.import')),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.household')),
            ],
        ),
        migrations.CreateModel(
            name='HouseholdNeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('note', models.CharField(blank=True, max_length=300)),
                ('since', models.DateField(default=django.utils.timezone.localdate, null=True)),
                ('until', models.DateField(blank=True, null=True)),
                ('ending', models.CharField(blank=True, choices=[('met', 'it is met'), ('withdrawn', 'it was none, or was recorded by mistake')], max_length=10)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('provenance', models.CharField(choices=[('census', 'census'), ('survey', 'survey'), ('assessed', 'assessed'), ('declared', 'declared'), ('model', 'model'), ('synthetic', 'synthetic')], max_length=10)),
                ('source', models.CharField(blank=True, max_length=200)),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='needs', to='registry.household')),
                ('need', models.ForeignKey(db_column='need', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.need')),
            ],
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('path', hamyar_server.core.fields.PathField(blank=True, max_length=200)),
                ('name', hamyar_server.core.encryption.EncryptedTextField(blank=True, null=True, person='pk')),
                ('mask', models.CharField(blank=True, max_length=10)),
                ('given_index', hamyar_server.core.encryption.BlindIndexField(blank=True, max_length=16, null=True)),
                ('family_index', hamyar_server.core.encryption.BlindIndexField(blank=True, max_length=16, null=True)),
                ('sex', models.CharField(blank=True, choices=[('female', 'female'), ('male', 'male')], max_length=6)),
                ('birth_date', models.DateField(blank=True, null=True)),
                ('died_on', models.DateField(blank=True, null=True)),
                ('provenance', models.JSONField(default=dict)),
                ('source_key', hamyar_server.core.encryption.BlindIndexField(blank=True, max_length=16, null=True)),
                ('batch', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('erased_at', models.DateTimeField(blank=True, null=True)),
                ('household', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='people', to='registry.household')),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('head', 'head'), ('spouse', 'spouse'), ('child', 'child'), ('other', 'other')], default='other', max_length=6)),
                ('since', models.DateField(default=django.utils.timezone.localdate)),
                ('until', models.DateField(blank=True, null=True)),
                ('household', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='registry.household')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='registry.person')),
            ],
        ),
        migrations.CreateModel(
            name='Identifier',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('identity', 'identity number'), ('phone', 'phone'), ('bank', 'bank number'), ('address', 'address'), ('point', 'point on the map')], max_length=10)),
                ('value', hamyar_server.core.encryption.EncryptedTextField(blank=True, null=True, person='person_id')),
                ('mask', models.CharField(blank=True, max_length=20)),
                ('index', hamyar_server.core.encryption.BlindIndexField(blank=True, db_index=True, max_length=16, null=True)),
                ('fault', models.CharField(blank=True, max_length=20)),
                ('provenance', models.CharField(choices=[('census', 'census'), ('survey', 'survey'), ('assessed', 'assessed'), ('declared', 'declared'), ('model', 'model'), ('synthetic', 'synthetic')], max_length=10)),
                ('as_of', models.DateField(default=django.utils.timezone.localdate)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identifiers', to='registry.person')),
            ],
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('assessment', 'assessment'), ('sensitive', 'health and other sensitive matters'), ('sharing', 'sharing with partners')], max_length=10)),
                ('given_on', models.DateField()),
                ('evidence', models.CharField(blank=True, help_text='a signed form and where it lies; a call and its number', max_length=200)),
                ('withdrawn_on', models.DateField(blank=True, null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='registry.person')),
            ],
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('wanted', models.JSONField(default=dict)),
                ('membership', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_filters', to='organisations.membership')),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Vulnerability',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('value', hamyar_server.core.encryption.EncryptedTextField(blank=True, null=True, person='person_id')),
                ('provenance', models.CharField(choices=[('census', 'census'), ('survey', 'survey'), ('assessed', 'assessed'), ('declared', 'declared'), ('model', 'model'), ('synthetic', 'synthetic')], max_length=10)),
                ('as_of', models.DateField(default=django.utils.timezone.localdate)),
                ('consent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='vulnerabilities', to='registry.consent')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='vulnerabilities', to='registry.person')),
            ],
        ),
        migrations.AddIndex(
            model_name='household',
            index=models.Index(fields=['state', 'path', 'id', 'decile'], name='households_in_order'),
        ),
        migrations.AddIndex(
            model_name='household',
            index=models.Index(condition=models.Q(('batch__isnull', False)), fields=['batch'], name='households_of_a_batch'),
        ),
        migrations.AddIndex(
            model_name='household',
            index=models.Index(fields=['retention', 'changed_at'], name='households_by_retention'),
        ),
        migrations.AddConstraint(
            model_name='household',
            constraint=models.UniqueConstraint(fields=('source_key',), name='one_household_of_a_source_key'),
        ),
        migrations.AddConstraint(
            model_name='household',
            constraint=models.CheckConstraint(condition=models.Q(('decile', None), ('decile__range', (1, 10)), _connector='OR'), name='deciles_are_ten'),
        ),
        migrations.AddIndex(
            model_name='cover',
            index=models.Index(fields=['organisation', 'household'], name='covers_by_organisation'),
        ),
        migrations.AddConstraint(
            model_name='cover',
            constraint=models.CheckConstraint(condition=models.Q(('decile__range', (1, 10)), models.Q(('decile', None), models.Q(('organisation', ''), _negated=True)), _connector='OR'), name='a_cover_says_something'),
        ),
        migrations.AddConstraint(
            model_name='importedchange',
            constraint=models.UniqueConstraint(fields=('batch', 'household'), name='one_change_of_a_household_and_import'),
        ),
        migrations.AddIndex(
            model_name='householdneed',
            index=models.Index(condition=models.Q(('until', None)), fields=['need', 'household'], name='open_needs_by_kind'),
        ),
        migrations.AddConstraint(
            model_name='householdneed',
            constraint=models.UniqueConstraint(condition=models.Q(('until', None)), fields=('household', 'need'), name='one_open_need_of_a_kind'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['path', 'id'], name='persons_by_place'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['family_index', 'path', 'household', 'erased_at', 'given_index'], name='persons_by_family_name'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(fields=['given_index', 'path', 'household', 'erased_at'], name='persons_by_given_name'),
        ),
        migrations.AddIndex(
            model_name='person',
            index=models.Index(condition=models.Q(('batch__isnull', False)), fields=['batch'], name='persons_of_a_batch'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.UniqueConstraint(fields=('source_key',), name='one_person_of_a_source_key'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(condition=models.Q(('role', 'head'), ('until', None)), fields=('household',), name='one_living_head_of_a_household'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(condition=models.Q(('until', None)), fields=('person',), name='one_living_household_of_a_person'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_on', None)), fields=('person', 'purpose'), name='one_living_consent_of_a_purpose'),
        ),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.UniqueConstraint(fields=('membership', 'name'), name='one_filter_of_a_name'),
        ),
    ]
