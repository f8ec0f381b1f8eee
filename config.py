"""Settings, read once from the environment and checked at start.

Development and tests have defaults for everything; production refuses to start on a missing or
weak value with a sentence that says which variable to set.
"""

import os
import re
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from domain.platform import production_checks

ROOT = Path(__file__).parent
SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


class ConfigError(Exception):
    """A missing or invalid setting; the message names the variable and says what to set."""


def _env(name: str, default: Any = MISSING, secret: bool = False) -> Any:
    return field(default=default, metadata={"env": name, "secret": secret}, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, each from one environment variable.

    Times are seconds, sizes bytes. `load()` builds it from an environment and checks it.
    """

    env: str = _env("LECTERN_ENV", "development")
    data_dir: Path = _env("LECTERN_DATA_DIR", ROOT / "instance")
    secret_key: str = _env("LECTERN_SECRET_KEY", "", secret=True)
    secret_key_fallbacks: tuple[str, ...] = _env("LECTERN_SECRET_KEY_FALLBACKS", (), secret=True)
    base_url: str = _env("LECTERN_BASE_URL", "http://127.0.0.1:5000")
    debug: bool = _env("LECTERN_DEBUG", False)
    log_format: str = _env("LECTERN_LOG_FORMAT", "")
    trusted_proxies: int | None = _env("LECTERN_TRUSTED_PROXIES", None)
    max_request_bytes: int = _env("LECTERN_MAX_REQUEST_BYTES", 16 * 1024 * 1024)
    upload_max_mb: int = _env("LECTERN_UPLOAD_MAX_MB", 20 * 1024)
    upload_quota_mb: int = _env("LECTERN_UPLOAD_QUOTA_MB", 200 * 1024)
    upload_media_types: tuple[str, ...] = _env(
        "LECTERN_UPLOAD_MEDIA_TYPES",
        ("mp4", "m4v", "mov", "webm", "mkv", "mp3", "m4a", "aac", "wav", "ogg", "oga", "opus", "flac"),
    )
    video_max_lines: int = _env("LECTERN_VIDEO_MAX_LINES", 1080)
    upload_file_types: tuple[str, ...] = _env(
        "LECTERN_UPLOAD_FILE_TYPES",
        (
            *("pdf", "txt", "md", "csv", "json", "rtf", "doc", "docx", "odt", "xls", "xlsx", "ods"),
            *(
                "ppt",
                "pptx",
                "odp",
                "key",
                "zip",
                "tar.gz",
                "png",
                "jpg",
                "jpeg",
                "webp",
                "gif",
                "mp3",
                "epub",
            ),
            *("tsv", "parquet", "ipynb", "yaml", "yml", "toml", "xml", "ini", "log", "diff", "patch", "tex"),
            *("html", "css", "scss", "js", "mjs", "jsx", "ts", "tsx", "vue", "svelte", "php", "erb", "sql"),
            *(
                "py",
                "rb",
                "rs",
                "go",
                "java",
                "kt",
                "scala",
                "swift",
                "dart",
                "lua",
                "pl",
                "r",
                "jl",
                "ex",
                "hs",
            ),
            *("c", "h", "cpp", "hpp", "cc", "cs", "fs", "sh", "ps1", "tf", "proto", "graphql", "rmd", "qmd"),
            "none",
        ),
    )
    worker_threads: int = _env("LECTERN_WORKER_THREADS", 3)
    worker_slow_threads: int = _env("LECTERN_WORKER_SLOW_THREADS", 2)
    keep_events_days: int = _env("LECTERN_KEEP_EVENTS_DAYS", 400)

    login_window_seconds: int = _env("LECTERN_LOGIN_WINDOW_SECONDS", 900)
    login_account_limit: int = _env("LECTERN_LOGIN_ACCOUNT_LIMIT", 8)
    login_address_limit: int = _env("LECTERN_LOGIN_ADDRESS_LIMIT", 40)
    mail_address_limit: int = _env("LECTERN_MAIL_ADDRESS_LIMIT", 20)

    database_url: str = _env("DATABASE_URL", "", secret=True)
    database_direct_url: str = _env("DATABASE_DIRECT_URL", "", secret=True)
    database_sslmode: str = _env("DATABASE_SSLMODE", "")
    database_pool_size: int = _env("DATABASE_POOL_SIZE", 8)
    database_pool_overflow: int = _env("DATABASE_POOL_OVERFLOW", 8)
    database_pool_timeout: int = _env("DATABASE_POOL_TIMEOUT", 5)
    database_statement_timeout: int = _env("DATABASE_STATEMENT_TIMEOUT", 30)

    stripe_secret_key: str = _env("STRIPE_SECRET_KEY", "", secret=True)
    stripe_webhook_secrets: tuple[str, ...] = _env("STRIPE_WEBHOOK_SECRET", (), secret=True)
    test_payments: bool = _env("LECTERN_TEST_PAYMENTS", False)
    vies_url: str = _env(
        "LECTERN_VIES_URL", "https://ec.europa.eu/taxation_customs/vies/rest-api/check-vat-number"
    )
    stripe_api_base: str = _env("STRIPE_API_BASE", "https://api.stripe.com")
    stripe_connect_api: str = _env("STRIPE_CONNECT_API", "v2")

    storage: str = _env("LECTERN_STORAGE", "local")
    x_accel_prefix: str = _env("LECTERN_X_ACCEL_PREFIX", "")
    s3_bucket: str = _env("S3_BUCKET", "")
    s3_endpoint_url: str = _env("S3_ENDPOINT_URL", "")
    s3_region: str = _env("S3_REGION", "us-east-1")
    s3_access_key_id: str = _env("S3_ACCESS_KEY_ID", "", secret=True)
    s3_secret_access_key: str = _env("S3_SECRET_ACCESS_KEY", "", secret=True)

    backup_target: str = _env("LECTERN_BACKUP_TARGET", "")
    backup_key_file: Path | None = _env("LECTERN_BACKUP_KEY_FILE", None)
    backup_keep_daily: int = _env("LECTERN_BACKUP_KEEP_DAILY", 30)
    backup_keep_monthly: int = _env("LECTERN_BACKUP_KEEP_MONTHLY", 12)
    backup_snapshot_minutes: int = _env("LECTERN_BACKUP_SNAPSHOT_MINUTES", 0)

    smtp_host: str = _env("SMTP_HOST", "")
    smtp_port: int = _env("SMTP_PORT", 587)
    smtp_user: str = _env("SMTP_USER", "")
    smtp_password: str = _env("SMTP_PASSWORD", "", secret=True)
    smtp_security: str = _env("SMTP_SECURITY", "starttls")
    smtp_ca_file: Path | None = _env("SMTP_CA_FILE", None)
    mail_from: str = _env("SMTP_FROM", "Lectern <lectern@localhost>")

    github_client_id: str = _env("GITHUB_CLIENT_ID", "")
    github_client_secret: str = _env("GITHUB_CLIENT_SECRET", "", secret=True)
    google_client_id: str = _env("GOOGLE_CLIENT_ID", "")
    google_client_secret: str = _env("GOOGLE_CLIENT_SECRET", "", secret=True)
    github_base_url: str = _env("LECTERN_GITHUB_BASE_URL", "https://github.com")
    github_api_url: str = _env("LECTERN_GITHUB_API_URL", "https://api.github.com")
    google_issuer_url: str = _env("LECTERN_GOOGLE_ISSUER_URL", "https://accounts.google.com")

    @property
    def is_production(self) -> bool:
        """Tell whether the strict checks apply."""
        return self.env == "production"

    @property
    def is_testing(self) -> bool:
        """Tell whether the test suite is running."""
        return self.env == "testing"

    @property
    def uses_sandbox(self) -> bool:
        """Tell whether payments go to the embedded Stripe sandbox."""
        return self.stripe_secret_key.startswith("sk_test_sandbox_")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (the process's own by default) and check them.

    Raises ConfigError with a sentence that names the variable and what to set.
    """
    environ = os.environ if environ is None else environ
    _refuse_unknown(environ)
    values = {
        f.name: _convert(f.metadata["env"], environ[f.metadata["env"]], f.type)
        for f in fields(Settings)
        if environ.get(f.metadata["env"], "") != ""
    }
    settings = _with_defaults(Settings(**values))
    _check(settings)
    return settings


def variables() -> set[str]:
    """Name every variable that is a setting."""
    return {f.metadata["env"] for f in fields(Settings)}


def environ(settings: Settings) -> dict[str, str]:
    """Convert `settings` back into environment variables, for a child process."""
    values = {f.metadata["env"]: getattr(settings, f.name) for f in fields(Settings)}
    return {
        name: ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in values.items()
        if value not in ("", (), None)
    }


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """Refuse misspelt names.

    DATABASE_… is used by other software too, so there only near misses are refused.
    """
    known = variables()
    for name in environ:
        if name in known:
            continue
        if name.startswith("LECTERN_"):
            raise ConfigError(f"{name} is not a setting. See docs/operating.md for the list.")
        if name.startswith("DATABASE_") and (meant := get_close_matches(name, known, n=1, cutoff=0.85)):
            raise ConfigError(f"{name} is not a setting. Did you mean {meant[0]}?")


def _convert(name: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() not in ("1", "0", "true", "false", "yes", "no"):
            raise ConfigError(f"{name} must be true or false, not “{text}”.")
        return text.lower() in ("1", "true", "yes")
    if kind in (int, int | None):
        if not (text.isascii() and text.isdigit()):
            raise ConfigError(f"{name} must be a whole number, not “{text}”.")
        return int(text)
    if kind in (Path, Path | None):
        return Path(text)
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _with_defaults(given: Settings) -> Settings:
    """Fill in the defaults that depend on other settings; in production no secret has one."""
    changes: dict[str, Any] = {}
    if not given.secret_key and not given.is_production:
        changes["secret_key"] = _development_secret(given.data_dir)
    if not given.database_url:
        changes["database_url"] = f"sqlite:///{given.data_dir / 'lectern.db'}"
    changes |= _database_urls(given, changes.get("database_url", given.database_url))
    if not given.log_format:
        changes["log_format"] = "json" if given.is_production else "text"
    if not given.backup_target:
        changes["backup_target"] = str(given.data_dir / "backups")
    changes["base_url"] = given.base_url.rstrip("/")
    values = {f.name: getattr(given, f.name) for f in fields(Settings)}
    return Settings(**{**values, **changes})


def _database_urls(given: Settings, url: str) -> dict[str, str]:
    """Check both URLs of the database and add the sslmode, for libpq's programs as well.

    Raises ConfigError; its message never holds the URL, which has a password in it.
    """
    wanted = {"DATABASE_URL": url, "DATABASE_DIRECT_URL": given.database_direct_url or url}
    parsed = {}
    for name, address in wanted.items():
        try:
            parsed[name] = make_url(address)
        except (ArgumentError, ValueError):
            raise ConfigError(
                f"{name} must be an address such as postgresql://user:password@host/name."
            ) from None
        if parsed[name].get_backend_name() not in ("sqlite", "postgresql"):
            raise ConfigError(f"{name} must begin with postgresql:// or sqlite:///.")
    if len({address.get_backend_name() for address in parsed.values()}) > 1:
        raise ConfigError("DATABASE_DIRECT_URL must lead to the same database as DATABASE_URL.")
    if not given.database_sslmode:
        return {"database_url": url, "database_direct_url": wanted["DATABASE_DIRECT_URL"]}
    _check_choice("DATABASE_SSLMODE", given.database_sslmode, SSLMODES)
    if parsed["DATABASE_URL"].get_backend_name() != "postgresql":
        raise ConfigError("DATABASE_SSLMODE is for PostgreSQL: set DATABASE_URL, or unset it.")
    secured = [
        address.update_query_dict({"sslmode": given.database_sslmode}).render_as_string(hide_password=False)
        for address in parsed.values()
    ]
    return dict(zip(("database_url", "database_direct_url"), secured, strict=True))


def _development_secret(data_dir: Path) -> str:
    """Return a secret key that survives restarts, so that a restart doesn't end every session."""
    path = data_dir / "secret"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_urlsafe(32))
        path.chmod(0o600)
    return path.read_text()


def _check(settings: Settings) -> None:
    _check_choice("LECTERN_ENV", settings.env, ("development", "testing", "production"))
    _check_choice("LECTERN_LOG_FORMAT", settings.log_format, ("text", "json"))
    _check_choice("LECTERN_STORAGE", settings.storage, ("local", "s3"))
    _check_choice("SMTP_SECURITY", settings.smtp_security, ("none", "starttls", "tls"))
    _check_choice("STRIPE_CONNECT_API", settings.stripe_connect_api, ("v2", "v1"))
    _check_range("LECTERN_WORKER_THREADS", settings.worker_threads, 1, 100)
    _check_range("LECTERN_WORKER_SLOW_THREADS", settings.worker_slow_threads, 1, 100)
    _check_range("DATABASE_POOL_SIZE", settings.database_pool_size, 1, 1000)
    _check_range("DATABASE_POOL_OVERFLOW", settings.database_pool_overflow, 0, 1000)
    _check_range("DATABASE_POOL_TIMEOUT", settings.database_pool_timeout, 1, 300)
    _check_range("DATABASE_STATEMENT_TIMEOUT", settings.database_statement_timeout, 0, 86400)
    if settings.storage == "s3" and not settings.s3_bucket:
        raise ConfigError("S3_BUCKET must name the bucket when LECTERN_STORAGE is s3.")
    _check_base_url(settings.base_url)
    if bool(settings.stripe_secret_key) != bool(settings.stripe_webhook_secrets):
        raise ConfigError("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET must be set together.")
    _check_backups(settings)
    _check_ca_file(settings.smtp_ca_file)
    if settings.is_production and (sentence := production_checks.refusal(settings)):
        raise ConfigError(sentence)


def _check_base_url(url: str) -> None:
    """Check the base URL: links are built by appending a path, and the Host header is compared with it."""
    if not re.fullmatch(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", url):
        raise ConfigError(
            "LECTERN_BASE_URL must be an address such as https://courses.example.com,"
            " without a path, a question mark or a name and password."
        )


def _check_backups(settings: Settings) -> None:
    """Refuse a backup target inside the storage that is backed up."""
    target = Path(settings.backup_target).resolve()
    if (settings.data_dir / "storage").resolve() in (target, *target.parents):
        raise ConfigError("LECTERN_BACKUP_TARGET must not be inside storage/, which is backed up.")
    if settings.storage == "s3" and settings.backup_target.rstrip("/") == f"s3://{settings.s3_bucket}":
        raise ConfigError("LECTERN_BACKUP_TARGET needs a prefix in the bucket that the shop’s files are in.")


def _check_ca_file(path: Path | None) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigError(
            f"SMTP_CA_FILE must be a readable file of certificates in PEM form: {error}."
        ) from None


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, not “{value}”.")


def _check_range(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise ConfigError(f"{name} must be a whole number from {lowest} to {highest}, not {value}.")
