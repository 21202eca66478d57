from django.db import migrations

from hamyar_server.core import walls

ANY = ["nominate", "assess", "verify", "decide", "deliver", "see_identities", "analyse", "audit", "administer", "manage_people"]
WRITE = ["analyse"]
WALLS = {
    "analysis_arearesult": walls.by_path("path", ANY, WRITE),
    "analysis_indicatorresult": walls.by_parent(
        "analysis_arearesult", "result_id", walls.by_path("parent.path", ANY, WRITE)[1]
    ),
}


class Migration(migrations.Migration):
    """Whoever may only read a result changes nothing of it; PostgreSQL alone."""

    dependencies = [("analysis", "0002_walls")]
    operations = [walls.build(WALLS)]
