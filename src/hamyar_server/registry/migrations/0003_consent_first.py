"""The database itself refuses a sensitive value without a living consent of the same person."""

from django.db import migrations

WITHOUT = (
    "NOT EXISTS (SELECT 1 FROM registry_consent c WHERE c.id = NEW.consent_id AND c.person_id = NEW.person_id "
    "AND c.purpose = 'sensitive' AND c.withdrawn_on IS NULL)"
)
PUT = {
    "sqlite": [
        f"CREATE TRIGGER registry_consent_first_{name.lower()} BEFORE {name} ON registry_vulnerability WHEN {WITHOUT} "
        "BEGIN SELECT RAISE(ABORT, 'a sensitive value needs a living consent'); END"
        for name in ("INSERT", "UPDATE")
    ],
    "postgresql": [
        "CREATE FUNCTION registry_consent_first() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {WITHOUT} THEN RAISE EXCEPTION 'a sensitive value needs a living consent'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER registry_consent_first BEFORE INSERT OR UPDATE ON registry_vulnerability "
        "FOR EACH ROW EXECUTE FUNCTION registry_consent_first()",
    ],
}
TAKE = {
    "sqlite": [f"DROP TRIGGER registry_consent_first_{name}" for name in ("insert", "update")],
    "postgresql": [
        "DROP TRIGGER registry_consent_first ON registry_vulnerability",
        "DROP FUNCTION registry_consent_first()",
    ],
}


def put(apps, schema_editor):
    for statement in PUT[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def take(apps, schema_editor):
    for statement in TAKE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    replaces = [("registry", "0002_no_sensitive_value_without_consent")]
    dependencies = [("registry", "0002_second_wall")]
    operations = [migrations.RunPython(put, take)]
