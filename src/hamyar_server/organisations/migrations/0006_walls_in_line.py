from django.db import migrations

from hamyar_server.organisations import walls


class Migration(migrations.Migration):
    """The policies' condition as the planner can take it apart, instead of a call for each row; PostgreSQL alone."""

    dependencies = [("organisations", "0005_walls")]
    operations = [walls.functions()]
