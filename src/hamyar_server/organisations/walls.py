"""What the policies of row-level security ask of a membership: what its job does, and the roots of what its organisation holds."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from hamyar_server.core.walls import array
from hamyar_server.organisations.mandates import JOBS

# Roots end in "/"; whoever acts for nobody has the root "" of everything. Each argument of hamyar_within stands once in it: only so
# does PostgreSQL write its body into the policy, and a call for each of 10,000 rows takes as long as everything else of a page. hamyar_roots
# is asked once for each wall of a statement: PL/pgSQL keeps its plan in the connection, a function in SQL would be planned at each call.
ROOTS = """
CREATE OR REPLACE FUNCTION hamyar_job_does(job text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE job {jobs} ELSE ARRAY[]::text[] END $$;
CREATE OR REPLACE FUNCTION hamyar_roots(functions text[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$ BEGIN
  IF coalesce(current_setting('hamyar.membership', true), '') = '' THEN RETURN ARRAY['']; END IF;
  RETURN ARRAY(SELECT DISTINCT m.path || '/'
      FROM organisations_membership a JOIN organisations_mandate m ON m.holder_id = a.organisation_id,
           LATERAL (SELECT (now() AT TIME ZONE 'Asia/Tehran')::date AS day) today
      WHERE a.id = nullif(current_setting('hamyar.membership', true), '')::uuid
        AND a.since <= day AND (a.until IS NULL OR a.until >= day)
        AND m.function = ANY (functions) AND m.function = ANY (hamyar_job_does(a.job))
        AND m.revoked_at IS NULL AND m.since <= day AND (m.until IS NULL OR m.until >= day)); END $$;
CREATE OR REPLACE FUNCTION hamyar_within(path text, roots text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT (path || '/') ^@ ANY (roots) $$;
"""


def functions_sql() -> str:
    """The functions that the policies call, with what each job does as `mandates.JOBS` says now."""
    jobs = " ".join(f"WHEN '{job}' THEN {array(functions)}" for job, functions in JOBS.items())
    return ROOTS.format(jobs=jobs)


def functions() -> migrations.RunPython:
    """The migration that makes the policies' functions; a new one calls it again when `mandates.JOBS` changes."""

    def make(_apps: Any, editor: Any) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(functions_sql())

    return migrations.RunPython(make, migrations.RunPython.noop)
