from django.db import migrations

from hamyar_server.core import walls

ANY = ["nominate", "assess", "verify", "decide", "deliver", "see_identities", "analyse", "audit", "administer", "manage_people"]
WALLS = {
    "intake_candidate": walls.by_area("area_id", ANY, write=["nominate", "verify", "decide"]),
    "intake_candidate_needs": walls.by_parent("intake_candidate", "candidate_id"),
}


class Migration(migrations.Migration):
    """Candidates behind the second wall; PostgreSQL alone."""

    dependencies = [("intake", "0002_needs"), ("organisations", "0005_walls")]
    operations = [walls.build(WALLS)]
