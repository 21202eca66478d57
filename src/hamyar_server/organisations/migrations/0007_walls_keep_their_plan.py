from django.db import migrations

from hamyar_server.organisations import walls


class Migration(migrations.Migration):
    """The roots of a membership are asked with a plan that the connection keeps; PostgreSQL alone."""

    dependencies = [("organisations", "0006_walls_in_line")]
    operations = [walls.functions()]
