from django.db import migrations

from hamyar_server.core.guards import allow, refuse


class Migration(migrations.Migration):
    """The database itself refuses to change or remove an audit event."""

    replaces = [('core', '0003_the_audit_is_a_chain')]
    dependencies = [("core", "0001_tables")]
    operations = [migrations.RunPython(refuse, allow)]
