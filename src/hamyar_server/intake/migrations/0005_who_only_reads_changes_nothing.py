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
    """Whoever may only read a candidate changes nothing of it; PostgreSQL alone."""

    dependencies = [("intake", "0004_needs_of_the_registry")]
    operations = [walls.build(WALLS)]
