"""Settings that refuse to start rather than leave a door open."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

HTTPS = {"SEV_BASE_URL": "https://sev.exemple.fr", "SECRET_KEY": "x" * 60}


@pytest.mark.parametrize(
    ("environnement", "refus"),
    [
        (HTTPS | {"SEV_ADMIN_OTP": "0"}, "SEV_ADMIN_OTP=0 is for the demo"),
        (HTTPS | {"SEV_ADMIN_OTP": "0", "SEV_DEMO": "1"}, ""),
        (HTTPS, ""),
        ({"SEV_ADMIN_OTP": "0"}, ""),
        (HTTPS | {"SECRET_KEY": ""}, "SECRET_KEY is required"),
    ],
)
def test_what_is_unsafe_behind_https_does_not_start(environnement, refus):
    propre = {nom: v for nom, v in os.environ.items() if not nom.startswith(("SEV_", "SECRET_"))}
    essai = subprocess.run(
        [sys.executable, "-c", "import sev.settings"],
        cwd=settings.BASE_DIR,
        env=propre | environnement,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (essai.returncode == 0, refus in essai.stderr) == (not refus, True)


def test_the_second_factor_is_asked_unless_the_environment_says_so():
    assert settings.SEV_ADMIN_OTP is True
