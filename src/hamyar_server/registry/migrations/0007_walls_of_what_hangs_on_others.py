from django.db import migrations

from hamyar_server.core import walls

HOUSEHOLD = walls.by_parent("registry_household", "household_id")
PERSON = walls.by_parent("registry_person", "person_id")
WALLS = {f"registry_{table}": HOUSEHOLD for table in ("membership", "householdneed", "cover", "importedchange")} | {
    f"registry_{table}": PERSON for table in ("identifier", "consent", "vulnerability")
}


class Migration(migrations.Migration):
    """The same conditions, asked of each row; PostgreSQL alone."""

    dependencies = [("registry", "0006_lists_in_order"), ("organisations", "0006_walls_in_line")]
    operations = [walls.build(WALLS)]
