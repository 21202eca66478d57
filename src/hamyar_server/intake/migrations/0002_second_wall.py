from django.db import migrations

from hamyar_server.core import walls

ANY = ["nominate", "assess", "verify", "decide", "deliver", "see_identities", "analyse", "audit", "administer", "manage_people"]
WRITE = ["nominate", "verify", "decide"]
WALLS = {
    "intake_candidate": walls.by_area("area_id", ANY, WRITE),
    "intake_candidate_needs": walls.by_parent(
        "intake_candidate", "candidate_id", walls.by_area("parent.area_id", ANY, WRITE)[1]
    ),
}


class Migration(migrations.Migration):
    """Candidates behind the second wall; PostgreSQL alone."""

    replaces = [('intake', '0005_who_only_reads_changes_nothing')]
    dependencies = [("intake", "0001_tables"), ("organisations", "0002_second_wall")]
    operations = [walls.build(WALLS)]
