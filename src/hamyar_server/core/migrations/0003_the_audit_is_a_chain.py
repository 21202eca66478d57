"""Events say whom they concern and from where, keep values sealed, and follow from one another by their hashes."""

import hamyar_server.core.encryption
import hamyar_server.core.fields
from django.db import migrations, models

from hamyar_server.core.guards import allow, refuse


def chain(apps, schema_editor):
    """Events from before the chain get their number and hash; nobody has seen one yet outside of a trial."""
    from hamyar_server.core.models import FIRST, HASHED, event_hash

    event = apps.get_model("core", "AuditEvent").objects.using(schema_editor.connection.alias)
    head = FIRST
    for number, old in enumerate(event.order_by("number").values_list("number", flat=True), start=1):
        event.filter(number=old).update(number=number, previous=head)
        values = event.filter(number=number).values(*HASHED).get()
        head = event_hash(values)
        event.filter(number=number).update(hash=head)


class Migration(migrations.Migration):
    dependencies = [("core", "0002_the_audit_is_only_added_to")]
    operations = [
        migrations.RunPython(allow, refuse),
        migrations.AddField(
            model_name='auditevent',
            name='changed',
            field=models.JSONField(default=list, verbose_name='which fields'),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='deputy_of',
            field=models.CharField(blank=True, help_text='whom the acting deputy stands in for', max_length=200),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='digest',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='hash',
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='auditevent',
            name='household_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='membership_id',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='origin',
            field=models.CharField(blank=True, help_text='the network address', max_length=45, verbose_name='from where'),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='person_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='previous',
            field=models.CharField(default='', max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='auditevent',
            name='sealed',
            field=hamyar_server.core.encryption.EncryptedTextField(blank=True, null=True, person='person_id'),
        ),
        migrations.AlterField(
            model_name='auditevent',
            name='area_path',
            field=hamyar_server.core.fields.PathField(blank=True, max_length=200),
        ),
        migrations.AlterField(
            model_name='auditevent',
            name='at',
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='auditevent',
            name='number',
            field=models.BigIntegerField(primary_key=True, serialize=False),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('person_id__isnull', False)), fields=['person_id', 'number'], name='audit_of_a_person'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('household_id__isnull', False)), fields=['household_id', 'number'], name='audit_of_a_household'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['area_path', 'number'], name='audit_of_an_area'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['user_id', 'number'], name='audit_of_a_user'),
        ),
        migrations.RunPython(chain, migrations.RunPython.noop),
        migrations.RunPython(refuse, allow),
    ]
