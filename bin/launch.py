"""Starts Lectern for development: web server, worker and, without a Stripe key, the payment sandbox.

Called by bin/dev. Stops everything on Ctrl-C, and when one process dies.
"""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.chdir(ROOT)

HOST = "127.0.0.1"
STOP_SECONDS = 15
ACCOUNTS = (
    ("admin@example.com", "admin"),
    ("creator@example.com", "creator, trusted"),
    ("newcreator@example.com", "creator, not trusted yet"),
    ("learner@example.com", "learner with courses and progress"),
    ("newlearner@example.com", "learner without courses"),
)

started = time.monotonic()


def main() -> int:
    """Prepare, start the processes, and wait until they are to stop; returns the exit status."""
    port = port_from_environment()
    if not is_free(port):
        print(
            f"Port {port} is in use. Stop what’s using it, or choose another: PORT={port + 10} bin/dev",
            file=sys.stderr,
        )
        return 1
    environ = environment(port)
    os.environ.update(environ)
    # A shell's background job would otherwise start with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if not prepare():
        return 1
    parts: dict[str, subprocess.Popen[bytes]] = {}
    try:
        start_parts(parts, port)
        if not wait_until_ready(parts, port):
            return 1
        greet(port)
        return watch(parts)
    except (KeyboardInterrupt, SystemExit):
        print("\nStopping …", flush=True)
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop(parts)


def port_from_environment() -> int:
    """Parse PORT, 5000 by default; exits with a sentence when it isn't a port."""
    text = os.environ.get("PORT", "5000")
    if not text.isdigit() or not 1 <= int(text) <= 65000:
        sys.exit(f"PORT must be a number from 1 to 65000, not “{text}”.")
    return int(text)


def is_free(port: int) -> bool:
    """Tell if `port` of this machine is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def environment(port: int) -> dict[str, str]:
    """Build the environment of the started processes; variables already set win."""
    environ = {
        "LECTERN_ENV": "development",
        "LECTERN_BASE_URL": f"http://{HOST}:{port}",
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
    }
    if not os.environ.get("STRIPE_SECRET_KEY"):
        sandbox = next(p for p in range(port + 1, port + 50) if is_free(p))
        environ |= {
            "STRIPE_SECRET_KEY": "sk_test_sandbox_development",
            "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
            "STRIPE_API_BASE": f"http://{HOST}:{sandbox}",
        }
    return {name: os.environ.get(name) or value for name, value in environ.items()}


def prepare() -> bool:
    """Migrate the database and load the demo once; False when the settings are invalid."""
    step("Reading the settings")
    import config

    try:
        settings = config.load()
    except config.ConfigError as error:
        print(f"Lectern can't start: {error}", file=sys.stderr)
        return False
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    import flask_migrate

    from app import create_app
    from cli.progress import show
    from cli.upgrade import OWN_BACKUP
    from demo import loader
    from domain.backup import BackupError
    from domain.backup.before_upgrade import back_up_first
    from models import db

    app = create_app(settings)
    with app.app_context():
        step("Bringing the database up to date")
        try:
            back_up_first(say=step, progress=show)
        except BackupError as error:
            print(f"The backup failed. {error.sentence}\n{OWN_BACKUP}", file=sys.stderr)
            return False
        flask_migrate.upgrade()
        if not loader.is_loaded():
            step("Loading the demo courses (once)")
            loader.load(show)
            db.session.commit()
            loader.add_up(show)
        db.session.remove()
        db.engine.dispose()
    return True


def start_parts(parts: dict[str, subprocess.Popen[bytes]], port: int) -> None:
    """Start the sandbox (if used), the web server and the worker, in this order."""
    python = sys.executable
    sandbox = (
        os.environ["STRIPE_API_BASE"] if os.environ["STRIPE_SECRET_KEY"].startswith("sk_test_sandbox") else ""
    )
    if sandbox:
        step("Starting the payment sandbox")
        data = Path(os.environ.get("LECTERN_DATA_DIR") or ROOT / "instance")
        parts["sandbox"] = start(
            [python, "-m", "stripe_sandbox", "--port", sandbox.rsplit(":", 1)[1],
             "--state", str(data / "sandbox.db"), "--webhook-url", f"http://{HOST}:{port}/stripe/webhook",
             "--webhook-secret", os.environ["STRIPE_WEBHOOK_SECRET"]]
        )  # fmt: skip
    step("Starting the web server and the worker")
    parts["web"] = start(
        [python, "-m", "granian", "--interface", "wsgi", "--factory", "--host", HOST, "--port", str(port),
         "--workers", "1", "--blocking-threads", "4", "--respawn-failed-workers", "--no-ws",
         "--log-level", "warning", "app:serve"]
    )  # fmt: skip
    parts["worker"] = start([python, "-m", "flask", "--app", "app", "worker"])


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C reaches it only through this one."""
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True, preexec_fn=die_with_parent)


def die_with_parent() -> None:
    """Ask the kernel to end this process when bin/dev is killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def wait_until_ready(parts: dict[str, subprocess.Popen[bytes]], port: int) -> bool:
    """Wait until the site answers; False when a process ended instead."""
    for _ in range(300):
        if dead := first_dead(parts):
            print(f"The {dead} stopped while starting; see its output above.", file=sys.stderr)
            return False
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    print("The web server didn’t answer within 30 seconds.", file=sys.stderr)
    return False


def greet(port: int) -> None:
    """Print the address and the demo accounts."""
    width = max(len(email) for email, _ in ACCOUNTS)
    people = "\n".join(f"  {email:{width}}  {story}" for email, story in ACCOUNTS)
    print(
        f"\nLectern runs on http://{HOST}:{port}\n\n"
        f"Sign in with the password lectern-demo as\n{people}\n\n"
        f"Emails: http://{HOST}:{port}/dev/mail    Payments: "
        f"{os.environ['STRIPE_API_BASE']}/_sandbox/\nPress Ctrl-C to stop. Your data is kept.\n",
        flush=True,
    )


def watch(parts: dict[str, subprocess.Popen[bytes]]) -> int:
    """Wait for a process to die, which only an error causes."""
    while not (dead := first_dead(parts)):
        time.sleep(0.5)
    print(
        f"The {dead} stopped unexpectedly (status {parts[dead].returncode}); stopping the rest.",
        file=sys.stderr,
    )
    return 1


def first_dead(parts: dict[str, subprocess.Popen[bytes]]) -> str | None:
    """Return the name of a process that has ended, if any."""
    return next((name for name, process in parts.items() if process.poll() is not None), None)


def stop(parts: dict[str, subprocess.Popen[bytes]]) -> None:
    """Ask every process to finish, and kill those that don't in time."""
    for process in parts.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in parts.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def step(text: str) -> None:
    """Print a line per step, with the seconds since the start."""
    print(f"==> {text} ({time.monotonic() - started:.0f} s, {datetime.now(UTC):%H:%M:%S} UTC)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
