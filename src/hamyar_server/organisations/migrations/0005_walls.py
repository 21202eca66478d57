from django.db import migrations

from hamyar_server.organisations import walls


class Migration(migrations.Migration):
    """What the policies of row-level security ask; PostgreSQL alone."""

    dependencies = [("organisations", "0004_accounts")]
    operations = [walls.functions()]
