"""nginx in front of Lectern, as docs/operating.md shows it, on this machine's ports."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def shown_in_the_manual(server: str) -> str:
    """Return the one example for this web server in docs/operating.md."""
    manual = (ROOT / "docs" / "operating.md").read_text()
    (example,) = re.findall(rf"```{server}\n(.*?)```", manual, re.DOTALL)
    return str(example)


def put_in(site: str, *changes: tuple[str, str]) -> str:
    """Replace what the example says by what is this machine's. AssertionError when it says something else."""
    for said, here in changes:
        if said not in site:
            raise AssertionError(f"The manual doesn't say {said}.")
        site = site.replace(said, here)
    return site


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a key and its certificate below `folder`."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=courses.example.com", "-addext", "subjectAltName=DNS:courses.example.com",
         "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, made


def nginx(folder: Path, key: Path, certificate: Path, plain: int, tls: int, backend: int) -> list[str]:
    """Write nginx's configuration as the manual shows it, and return the command that starts it.

    `plain` and `tls` are its ports, `backend` is Lectern's.
    """
    site = put_in(
        shown_in_the_manual("nginx"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{tls} ssl http2;"),
        ("127.0.0.1:8000", f"127.0.0.1:{backend}"),
        ("/etc/letsencrypt/live/courses.example.com/fullchain.pem", str(certificate)),
        ("/etc/letsencrypt/live/courses.example.com/privkey.pem", str(key)),
    )
    places = "".join(
        f"{name}_temp_path {folder / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    whole.write_text(
        f"{user}\npid {folder / 'pid'};\nerror_log stderr;\ndaemon off;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{places}{site}\n}}\n"
    )
    return [shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx", "-c", str(whole)]
