from django.db import migrations

from hamyar_server.core import walls

ANY = ["nominate", "assess", "verify", "decide", "deliver", "see_identities", "analyse", "audit", "administer", "manage_people"]
WALLS = {
    "analysis_arearesult": walls.by_path("path", ANY, write=["analyse"]),
    "analysis_indicatorresult": walls.by_parent("analysis_arearesult", "result_id"),
}


class Migration(migrations.Migration):
    """Results of areas behind the second wall; PostgreSQL alone."""

    dependencies = [("analysis", "0001_rounds"), ("organisations", "0005_walls")]
    operations = [walls.build(WALLS)]
