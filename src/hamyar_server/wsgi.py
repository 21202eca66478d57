"""What the server runs."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from hamyar_server.core.origin import believing
from hamyar_server.core.sizes import limited
from hamyar_server.core.turns import Turns, in_turn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hamyar_server.settings")
application = believing(os.environ.get("HAMYAR_PROXIES", ""), limited(in_turn(get_wsgi_application(), Turns())))

from hamyar_server.registry.starting import before_serving  # noqa: E402  after Django's set-up

before_serving()
