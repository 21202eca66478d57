"""Sessions in the database, read by a question that is written once."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from hamyar_server.core.questions import Question

_LIVING: Question[Session] = Question(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        found = _LIVING(self.session_key, timezone.now())
        if not found:
            self._session_key = None
        return found[0] if found else None
