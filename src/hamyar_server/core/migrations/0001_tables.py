import hamyar_server.core.encryption
import hamyar_server.core.fields
import hamyar_server.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('core', '0001_initial'),
        ('core', '0002_the_audit_is_only_added_to'),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, unique=True)),
                ('at', models.DateTimeField()),
                ('user_id', models.CharField(blank=True, max_length=40)),
                ('user_name', models.CharField(blank=True, max_length=200, verbose_name='who')),
                ('organisation_id', models.CharField(blank=True, max_length=40)),
                ('organisation_name', models.CharField(blank=True, max_length=200, verbose_name='on behalf of')),
                ('membership_id', models.CharField(blank=True, max_length=40)),
                ('deputy_of', models.CharField(blank=True, help_text='whom the acting deputy stands in for', max_length=200)),
                ('origin', models.CharField(blank=True, help_text='the network address', max_length=45, verbose_name='from where')),
                ('action', models.CharField(max_length=60, verbose_name='what')),
                ('subject_kind', models.CharField(max_length=60)),
                ('subject_id', models.CharField(max_length=40)),
                ('person_id', models.UUIDField(null=True)),
                ('household_id', models.UUIDField(null=True)),
                ('area_path', hamyar_server.core.fields.PathField(blank=True, max_length=200)),
                ('fields', models.JSONField(default=dict)),
                ('changed', models.JSONField(default=list, verbose_name='which fields')),
                ('sealed', hamyar_server.core.encryption.EncryptedTextField(blank=True, null=True, person='person_id')),
                ('digest', models.BinaryField(null=True)),
                ('previous', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['subject_kind', 'subject_id', 'number'], name='core_audite_subject_47ad8e_idx'), models.Index(condition=models.Q(('person_id__isnull', False)), fields=['person_id', 'number'], name='audit_of_a_person'), models.Index(condition=models.Q(('household_id__isnull', False)), fields=['household_id', 'number'], name='audit_of_a_household'), models.Index(fields=['area_path', 'number'], name='audit_of_an_area'), models.Index(fields=['user_id', 'number'], name='audit_of_a_user')],
            },
        ),
    ]
