from django.db import migrations

from hamyar_server.core import walls

READ = ["nominate", "assess", "verify", "decide", "deliver", "see_identities", "audit", "administer"]
WRITE = ["assess", "administer"]  # who is erased is erased by an administrator
seen, written = walls.by_path("path", READ, WRITE)
ERASED = "erased_at IS NOT NULL"  # of an erased person only the id and the moment remain
OF_PARENT = walls.by_path("parent.path", READ, WRITE)[1]
HOUSEHOLD = walls.by_parent("registry_household", "household_id", OF_PARENT)
PERSON = walls.by_parent("registry_person", "person_id", OF_PARENT)
WALLS = {
    "registry_household": (seen, written),
    "registry_person": (f"{ERASED} OR {seen}", written, f"{ERASED} OR {written}"),
    "registry_membership": HOUSEHOLD,
    "registry_householdneed": HOUSEHOLD,
    "registry_cover": HOUSEHOLD,
    "registry_importedchange": HOUSEHOLD,
    "registry_identifier": PERSON,
    "registry_consent": PERSON,
    "registry_vulnerability": PERSON,
}


class Migration(migrations.Migration):
    """Households and persons behind the second wall; PostgreSQL alone."""

    replaces = [('registry', '0009_who_only_reads_changes_nothing')]
    dependencies = [("registry", "0001_tables"), ("organisations", "0002_second_wall")]
    operations = [walls.build(WALLS)]
