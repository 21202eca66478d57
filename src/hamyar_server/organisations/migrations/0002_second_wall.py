from django.db import migrations

from hamyar_server.organisations import walls


class Migration(migrations.Migration):
    """What the policies of row-level security ask; PostgreSQL alone."""

    replaces = [('organisations', '0005_walls'), ('organisations', '0006_walls_in_line'), ('organisations', '0007_walls_keep_their_plan')]
    dependencies = [("organisations", "0001_tables")]
    operations = [walls.functions()]
