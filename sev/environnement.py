"""What the settings read from addresses in the environment: the broker's and the mail server's."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

BACKENDS = "django.core.mail.backends."


def url_courtier(redis_url: str) -> str:
    """Return `redis_url` as Celery spells it (`unix:///run/v.sock` becomes `redis+socket:///run/v.sock`)."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def reglages_courriel(url: str | None, dossier: Path) -> dict:
    """Return Django's EMAIL_* settings for `url`; without one, mails are kept as files under `dossier`.

    Known forms: `smtp://user:password@host:587?tls=1`, `smtps://…`, `file:///folder`. Raises ValueError otherwise.
    """
    if not url:
        url = f"file://{dossier / 'courriels'}"
    parts = urlsplit(url)
    if parts.scheme == "file":
        return {"EMAIL_BACKEND": BACKENDS + "filebased.EmailBackend", "EMAIL_FILE_PATH": unquote(parts.path)}
    if parts.scheme not in {"smtp", "smtps"}:
        raise ValueError(f"EMAIL_URL: unknown scheme {parts.scheme!r}")
    return {
        "EMAIL_BACKEND": BACKENDS + "smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parse_qs(parts.query).get("tls") == ["1"],
        "EMAIL_TIMEOUT": 20,
    }
