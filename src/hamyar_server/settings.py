"""Django's settings. Everything a deployment changes comes from the environment; the defaults need no service."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import hamyar
from hamyar_server.core import logs
from hamyar_server.core.databases import database

PACKAGE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("HAMYAR_HOME", "var/record")).absolute()  # database, rounds, uploads


def _secret() -> str:
    """The key in HAMYAR_SECRET_KEY, else one kept beside the database, made at first use, readable by its owner only."""
    if key := os.environ.get("HAMYAR_SECRET_KEY"):
        return key
    file = HOME / "secret.key"
    if not file.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    return file.read_text(encoding="utf-8")


SECRET_KEY = _secret()
DEBUG = os.environ.get("HAMYAR_DEBUG") == "1"
DEMONSTRATION = os.environ.get("HAMYAR_DEMONSTRATION") == "1"  # set by `hamyar-server demo` alone
LOGGING = logs.CONFIGURATION
ALLOWED_HOSTS = os.environ.get("HAMYAR_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

INSTALLED_APPS = [
    "hamyar_server.back_office",  # before Django's admin, whose templates it overrides
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_q",
    "hamyar_server.core",
    "hamyar_server.core.keys.apps.KeysConfig",
    "hamyar_server.areas",
    "hamyar_server.organisations",
    "hamyar_server.registry",
    "hamyar_server.intake",
    "hamyar_server.analysis",
    "hamyar_server.programmes",
    "hamyar_server.demonstration",
    "django.contrib.admin.apps.SimpleAdminConfig",  # last, since the first app that translates a word has it
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "hamyar_server.core.origin.OriginMiddleware",
    "hamyar_server.core.security.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "hamyar_server.core.preferences.PreferencesMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hamyar_server.organisations.actors.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "hamyar_server.urls"
WSGI_APPLICATION = "hamyar_server.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hamyar_server.core.preferences.context",
                "hamyar_server.analysis.navigation.context",
            ],
            "builtins": [
                "hamyar_server.core.templatetags.hamyar",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]

KEYS_FILE = Path(os.environ.get("HAMYAR_KEYS", HOME / "keys.json"))  # master keys
DATABASES = {
    "default": database(os.environ.get("DATABASE_URL"), HOME / "hamyar.sqlite3"),
    # Persons' keys, backed up apart; a lost key is a lost person, hence FULL, and a destroyed one leaves no trace in the file.
    "keys": database(
        os.environ.get("KEYS_DATABASE_URL"),
        HOME / "persons.keys.sqlite3",
        "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-8192;",
    ),
}
Q_CLUSTER = {  # jobs (core.jobs); a second attempt comes when the worker starts again, or after `retry`
    "name": "hamyar",
    "orm": "default",
    "workers": 1,
    "timeout": 4 * 3600,  # seconds
    "retry": 5 * 3600,
    "max_attempts": 3,
    "poll": 1,
    "save_limit": 1000,
    "catch_up": False,
    "log_level": "WARNING",
}
DATABASE_ROUTERS = ["hamyar_server.core.routing.KeysRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "organisations.User"
PASSWORD_HASHERS = ["hamyar_server.organisations.passwords.Argon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "hamyar_server.core.sessions"
SESSION_COOKIE_AGE = 12 * 3600
LOGIN_URL = "organisations:sign-in"
LOGIN_REDIRECT_URL = "analysis:home"

LANGUAGE_CODE = "fa"
LANGUAGES = [("fa", "فارسی"), ("en", "English")]
LOCALE_PATHS: list[Path] = []  # each app keeps its own locale/
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tehran"

STATIC_URL = "static/"
STATICFILES_DIRS = [("fonts", Path(hamyar.__file__).parent / "report_files")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

HTTPS = os.environ.get("HAMYAR_HTTPS") == "1"  # set where the server stands behind TLS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if HTTPS else []

if OIDC := os.environ.get("HAMYAR_OIDC"):  # the service's address: its authorize, token, userinfo and jwks lie below it
    INSTALLED_APPS += ["mozilla_django_oidc"]
    AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        "hamyar_server.organisations.openid.Backend",
    ]
    OIDC_OP_AUTHORIZATION_ENDPOINT = os.environ.get("HAMYAR_OIDC_AUTHORIZE", f"{OIDC}/authorize")
    OIDC_OP_TOKEN_ENDPOINT = os.environ.get("HAMYAR_OIDC_TOKEN", f"{OIDC}/token")
    OIDC_OP_USER_ENDPOINT = os.environ.get("HAMYAR_OIDC_USERINFO", f"{OIDC}/userinfo")
    OIDC_OP_JWKS_ENDPOINT = os.environ.get("HAMYAR_OIDC_JWKS", f"{OIDC}/jwks")
    OIDC_RP_CLIENT_ID = os.environ["HAMYAR_OIDC_CLIENT"]
    OIDC_RP_CLIENT_SECRET = os.environ["HAMYAR_OIDC_SECRET"]
    OIDC_RP_SIGN_ALGO = "RS256"
    OIDC_RP_SCOPES = "openid profile"
    OIDC_USE_PKCE = True
    OIDC_CREATE_USER = False
    OIDC_NAME_CLAIM = os.environ.get("HAMYAR_OIDC_CLAIM", "preferred_username")  # the user's name here
    OIDC_CALLBACK_CLASS = "hamyar_server.organisations.openid.Callback"
