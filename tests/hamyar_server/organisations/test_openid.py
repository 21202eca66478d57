"""Sign-in by a service over OpenID Connect: a small real one, in a process that speaks HTTP and signs with RS256."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY = rsa.generate_private_key(65537, 2048)


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims: dict[str, object]) -> str:
    head = b64(json.dumps({"alg": "RS256", "kid": "1"}).encode())
    body = b64(json.dumps(claims).encode())
    return f"{head}.{body}.{b64(KEY.sign(f'{head}.{body}'.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


class Service(BaseHTTPRequestHandler):
    """authorize gives the code with the nonce in it; who signs in is what the test has set."""

    who = ""

    def log_message(self, *_: object) -> None:
        pass

    def _say(self, answer: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def do_GET(self) -> None:
        if self.path.startswith("/jwks"):
            numbers = KEY.public_key().public_numbers()
            n, e = (b64(v.to_bytes((v.bit_length() + 7) // 8, "big")) for v in (numbers.n, numbers.e))
            self._say({"keys": [{"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": n, "e": e}]})
        else:
            self._say({"sub": "1", "preferred_username": self.who})

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        claims = {"sub": "1", "aud": "hamyar", "nonce": sent["code"][0], "exp": time.time() + 60}
        self._say({"access_token": "a", "id_token": signed(claims)})


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


DIALOGUE = """
import django, json, sys
django.setup()
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
call_command("migrate", verbosity=0)
from hamyar_server.organisations.models import User
User.objects.create(username="mayor")
client = Client()
begun = client.get("/openid/authenticate/")
print(json.dumps({"to": begun.url}), flush=True)
query = sys.stdin.readline().strip()
answer = client.get("/openid/callback/?" + query)
print(json.dumps({"to": answer.url, "in": "_auth_user_id" in client.session}), flush=True)
"""


@pytest.mark.parametrize(("who", "enters"), [("mayor", True), ("stranger", False)])
def test_a_known_user_enters_and_a_stranger_does_not(service: str, tmp_path: Path, who: str, enters: bool) -> None:
    Service.who = who
    settings = {
        "HAMYAR_HOME": str(tmp_path),
        "HAMYAR_OIDC": service,
        "HAMYAR_OIDC_CLIENT": "hamyar",
        "HAMYAR_OIDC_SECRET": "s",
        "DJANGO_SETTINGS_MODULE": "hamyar_server.settings",
    }
    record = subprocess.Popen(
        [sys.executable, "-c", DIALOGUE],
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert record.stdin
    assert record.stdout
    asked = parse_qs(urlsplit(json.loads(record.stdout.readline())["to"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    record.stdin.write(f"code={asked['nonce'][0]}&state={asked['state'][0]}\n")
    record.stdin.flush()
    came = json.loads(record.stdout.readline())
    record.wait(30)
    assert came == {"to": "/" if enters else "/sign-in/", "in": enters}
