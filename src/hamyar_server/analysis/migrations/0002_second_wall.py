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
    """Results of areas behind the second wall; PostgreSQL alone."""

    replaces = [('analysis', '0003_who_only_reads_changes_nothing')]
    dependencies = [("analysis", "0001_tables"), ("organisations", "0002_second_wall")]
    operations = [walls.build(WALLS)]
