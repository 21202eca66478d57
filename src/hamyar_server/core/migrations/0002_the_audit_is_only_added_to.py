"""The database itself refuses to change or remove an audit event."""

from django.db import migrations


def refuse(apps, schema_editor):
    for statement in REFUSE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def allow(apps, schema_editor):
    for name in ("update", "delete"):
        tail = " ON core_auditevent" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER audit_refuses_{name}{tail}")


REFUSE = {
    "sqlite": [
        f"CREATE TRIGGER audit_refuses_{name.lower()} BEFORE {name} ON core_auditevent "
        "BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END"
        for name in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is only added to'; END $$",
        *(
            f"CREATE TRIGGER audit_refuses_{name.lower()} BEFORE {name} ON core_auditevent "
            "FOR EACH ROW EXECUTE FUNCTION audit_refuses()"
            for name in ("UPDATE", "DELETE")
        ),
    ],
}


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunPython(refuse, allow)]
