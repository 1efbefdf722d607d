"""Settings of SEV: one file, driven by the environment (the variables are listed in docs/operations.md)."""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
import pghistory
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from sev import embarque, environnement
from sev.echeances import ECHEANCES

BASE_DIR = Path(__file__).resolve().parent.parent
SEV_DATA = Path(os.environ.get("SEV_DATA", BASE_DIR / "var"))

# The demo is a real instance on one machine, over plain http, whose mails and accounts are shown on purpose.
SEV_DEMO = os.environ.get("SEV_DEMO") == "1"
SEV_BASE_URL = os.environ.get("SEV_BASE_URL", "http://localhost:8000").rstrip("/")
# Who runs the machines, as the page « Mentions légales » must say: name, address, telephone.
SEV_HEBERGEUR = os.environ.get("SEV_HEBERGEUR", "")
HTTPS = SEV_BASE_URL.startswith("https://")

DEBUG = False
# Without a second factor (double authentification) nothing of ANCV's is open; the demo alone does without.
SEV_ADMIN_OTP = os.environ.get("SEV_ADMIN_OTP") != "0"
if not SEV_ADMIN_OTP and HTTPS and not SEV_DEMO:
    raise ImproperlyConfigured(
        "SEV_ADMIN_OTP=0 is for the demo: behind https, staff need their second factor."
    )

SECRET_KEY = os.environ.get("SECRET_KEY", "")
if not SECRET_KEY:
    if HTTPS:
        raise ImproperlyConfigured("SECRET_KEY is required when SEV_BASE_URL is https.")
    SECRET_KEY = "local-only-key-never-used-behind-https-0123456789abcdefghij"
ALLOWED_HOSTS = [h for h in os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if h]
CSRF_TRUSTED_ORIGINS = [SEV_BASE_URL]

INSTALLED_APPS = [
    "sev",
    "sev.socle",
    "django.contrib.auth",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "conventions",
    "sejours",
    "seniors",
    "validation",
    "activite",
    "sev.apps.AdministrationConfig",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "sev.socle.erreurs.TropLourdMiddleware",
    "sev.socle.erreurs.AttenteMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "conventions.connexion.ConnexionMiddleware",
    "conventions.second_facteur.SecondFacteurMiddleware",
    "conventions.voir_comme.VoirCommeMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "sev.urls"
WSGI_APPLICATION = "sev.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sev.contexte.page",
            ],
        },
    }
]

# --- Data -------------------------------------------------------------------------------------------------

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or embarque.url_postgres(SEV_DATA),
        conn_max_age=60,
        conn_health_checks=True,
    )
}
# A list locked by a colleague makes one wait three seconds at most, then the page says to try again.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c lock_timeout=3000 -c statement_timeout=30000"
# A server that does not answer is told to the user, and to the probe, within seconds.
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)

REDIS_URL = os.environ.get("REDIS_URL") or embarque.url_valkey(SEV_DATA)

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Each event of the journal carries who did what and why in its own row: one write less per act.
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_CONTEXT_ID_FIELD = pghistory.ContextUUIDField()
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(db_index=True)
PGHISTORY_APPEND_ONLY = True

# --- Accounts (C1-C4) ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "conventions.Compte"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "conventions.connexion.CompteBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("identifiant", "nom", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "conventions.motdepasse.RecommandationCnil"},
]
OTP_TOTP_ISSUER = "Seniors en Vacances"
LOGIN_URL = "connexion"
LOGIN_REDIRECT_URL = "accueil"
PASSWORD_RESET_TIMEOUT = 24 * 3600

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # « 15 minutes » stay fifteen, whoever insists
AXES_SENSITIVE_PARAMETERS = [
    "username",
    "ip_address",
    "csrfmiddlewaretoken",
    "passe_actuel",
    "passe_nouveau",
    "passe_confirmation",
]
AXES_CLIENT_IP_CALLABLE = "conventions.connexion.adresse_du_client"
AXES_USERNAME_CALLABLE = "conventions.connexion.identifiant_saisi"
AXES_LOCKOUT_CALLABLE = "conventions.connexion.trop_d_essais"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
# Reverse proxies in front of gunicorn: only what they wrote at the end of X-Forwarded-For is believed.
SEV_PROXIES = int(os.environ.get("SEV_PROXIES", "0"))
# Each failure makes its answer wait this much longer than the one before (seconds), up to the lock.
RALENTISSEMENT_CONNEXION = 0.2

SESSION_COOKIE_AGE = 4 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "sev.socle.erreurs.csrf_refuse"

# --- Transport ------------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Ten papers of 5 MB and their form; heavier requests are not read at all.
CORPS_MAX = 60 * 1024 * 1024

# --- Personal data (X4): how many months it is kept; docs/privacy.md says from when ------------------------------

RETENTION_MOIS = {
    "commentaires": 3,  # after the end of the stay
    "revenus": 6,  # after the last payment of the list, or after it was settled when nothing is due
    "revenus_jamais_soldes": 12,  # after the end of a stay whose list never was
    "personnes": 24,  # after the last stay
    "fusions": 24,  # after two rows were merged: what undoing it takes
    "courriels": 6,  # after a mail was written: its text
    "essais_de_connexion": 1,  # after a failed sign-in
    "imports": 24,  # after a file of decisions was read: its report
}
# How many days.
RETENTION_JOURS = {
    "fichiers_de_virement": 90,  # after a batch was paid, or undone: the bank's file, the IBANs of its transfers
}

# --- Language, files --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
FORMAT_MODULE_PATH = "sev.formats"
LANGUAGES = [("fr", "Français")]
TIME_ZONE = "Europe/Paris"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = SEV_DATA / "fichiers"
FILE_UPLOAD_PERMISSIONS = 0o600
# Papers joined to a report are destroyed this many months after the payment (X4).
CONSERVATION_PIECES = int(os.environ.get("CONSERVATION_PIECES", "6"))

# --- Mail (X5): written to Postgres by the operations, sent by a worker ------------------------------------------

DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Seniors en Vacances <ne-pas-repondre@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
vars().update(environnement.reglages_courriel(os.environ.get("EMAIL_URL"), SEV_DATA))

# --- Bank (V8): whose account is debited by the batches of transfers -----------------------------------------------

# Behind https the account must be given; elsewhere one that no bank holds, though its key is right.
PAYEUR_D_ESSAI = {"nom": "ANCV (DEMONSTRATION)", "iban": "FR6299999999990000000000017", "bic": "DEMOFRPPXXX"}
SEV_PAYEUR = {
    cle: os.environ.get(f"SEV_PAYEUR_{cle.upper()}", "" if HTTPS else essai).strip()
    for cle, essai in PAYEUR_D_ESSAI.items()
}
SEV_PAYEUR["iban"] = SEV_PAYEUR["iban"].replace(" ", "")

# --- Clock (Celery) ------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = environnement.url_courtier(REDIS_URL)
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long it is away: with a number of tries (100 by default) worker and beat leave after some 46 minutes.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 10,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
}
CELERY_BEAT_SCHEDULE = {e.nom: {"task": e.chemin, "schedule": e.horaire} for e in ECHEANCES}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "ligne": {
            "()": "sev.socle.discretion.SansDetail",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"sortie": {"class": "logging.StreamHandler", "formatter": "ligne"}},
    "root": {"handlers": ["sortie"], "level": os.environ.get("SEV_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.security.csrf": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
    },
}
