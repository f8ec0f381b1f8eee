"""Settings: development needs nothing, production refuses what is unsafe and says what to set."""

import secrets
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.engine import make_url

import app as application
import config
from app import create_app
from domain.platform.production_checks import is_weak
from web.session_cookies import CookieSessions

OLDER = "m3Tq8yVb1LkXw9ZsR5nUcE7aGh2JpDfK"
PRODUCTION = {
    "LECTERN_ENV": "production",
    "LECTERN_SECRET_KEY": "q8N2vX5sB7kLw0ZrT4yUcE1aGh6JmPdF",
    "LECTERN_BASE_URL": "https://courses.example.com",
    "LECTERN_TRUSTED_PROXIES": "1",
    "STRIPE_SECRET_KEY": "sk_live_51Hq7TzKbLcVn2Xw9RmYd",
    "STRIPE_WEBHOOK_SECRET": "whsec_k3Lx8QzV5nTbY1mRc7WpHd2Js9Fg, whsec_pZ6vN0aXe4UtKq8LyBwM3rGh1Ci5",
    "SMTP_HOST": "mail.example.com",
}


def test_development_needs_nothing_and_keeps_its_secret(tmp_path: Path) -> None:
    first = config.load({"LECTERN_DATA_DIR": str(tmp_path)})
    again = config.load({"LECTERN_DATA_DIR": str(tmp_path)})
    assert first.secret_key == again.secret_key
    assert len(first.secret_key) > 30
    assert first.database_url == f"sqlite:///{tmp_path / 'lectern.db'}"
    assert first.log_format == "text"


def test_production_starts_when_everything_is_set() -> None:
    settings = config.load(PRODUCTION)
    assert settings.stripe_webhook_secrets == (
        "whsec_k3Lx8QzV5nTbY1mRc7WpHd2Js9Fg",
        "whsec_pZ6vN0aXe4UtKq8LyBwM3rGh1Ci5",
    )
    assert settings.log_format == "json"
    assert settings.is_production


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"LECTERN_SECRET_KEY": ""}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "short"}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "a" * 64}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY_FALLBACKS": f"{OLDER},short"}, "LECTERN_SECRET_KEY_FALLBACKS"),
        ({"LECTERN_SECRET_KEY": "0123456789" * 5}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "0123456789abcdef" * 3 + "01"}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "abcdefghijklmnopqrstuvwxyz0123456789"}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "QWERTYUIOPasdfghjklzxcvbnm1234567890"}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "q8N2vX5sB7" * 4}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "please-change-me-before-you-go-online"}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "a secret for tests only, never used elsewhere"}, "LECTERN_SECRET_KEY"),
        ({"SMTP_PASSWORD": "q8N2vX5sB7kLw0ZrT4yUcE1aGh6JmPdF"}, "must not be used for anything else"),
        (
            {"DATABASE_URL": "postgresql://shop:q8N2vX5sB7kLw0ZrT4yUcE1aGh6JmPdF@host/shop"},
            "must not be used for anything else",
        ),
        ({"STRIPE_WEBHOOK_SECRET": "x"}, "STRIPE_WEBHOOK_SECRET must be the whole signing secret"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_x"}, "STRIPE_WEBHOOK_SECRET must be the whole"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_" + "0123456789" * 4}, "STRIPE_WEBHOOK_SECRET must be the whole"),
        ({"STRIPE_WEBHOOK_SECRET": f"{PRODUCTION['STRIPE_WEBHOOK_SECRET']},x"}, "must be the whole signing"),
        ({"STRIPE_WEBHOOK_SECRET": PRODUCTION["STRIPE_SECRET_KEY"]}, "must be the whole signing secret"),
        ({"STRIPE_SECRET_KEY": "sk_test_51Hq7TzKbLcVn2Xw9RmYd"}, "STRIPE_SECRET_KEY is a test key"),
        ({"STRIPE_SECRET_KEY": "rk_test_51Hq7TzKbLcVn2Xw9RmYd"}, "STRIPE_SECRET_KEY is a test key"),
        ({"STRIPE_SECRET_KEY": "pk_live_51Hq7TzKbLcVn2Xw9RmYd"}, "STRIPE_SECRET_KEY must be the whole key"),
        ({"STRIPE_SECRET_KEY": "sk_live_x"}, "STRIPE_SECRET_KEY must be the whole key"),
        ({"LECTERN_TEST_PAYMENTS": "true"}, "LECTERN_TEST_PAYMENTS is for a test key"),
        ({"LECTERN_TRUSTED_PROXIES": ""}, "LECTERN_TRUSTED_PROXIES must say"),
        ({"LECTERN_TRUSTED_PROXIES": "one"}, "LECTERN_TRUSTED_PROXIES must be a whole number"),
        ({"LECTERN_BASE_URL": "https://courses.example.com/shop"}, "without a path"),
        ({"LECTERN_BASE_URL": "https://courses.example.com?x=1"}, "LECTERN_BASE_URL"),
        ({"LECTERN_BASE_URL": "https://courses.example.com/#top"}, "LECTERN_BASE_URL"),
        ({"LECTERN_BASE_URL": "https://shop:pass@courses.example.com"}, "LECTERN_BASE_URL"),
        ({"LECTERN_BASE_URL": "https://courses.example.com:port"}, "LECTERN_BASE_URL"),
        ({"LECTERN_BASE_URL": "https://courses.example.com "}, "LECTERN_BASE_URL"),
        ({"LECTERN_BASE_URL": "https://["}, "LECTERN_BASE_URL"),
        ({"LECTERN_DEBUG": "true"}, "LECTERN_DEBUG"),
        ({"LECTERN_BASE_URL": "http://courses.example.com"}, "LECTERN_BASE_URL"),
        ({"LECTERN_BASE_URL": "courses.example.com"}, "LECTERN_BASE_URL"),
        ({"STRIPE_SECRET_KEY": "", "STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_SECRET_KEY"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET"),
        ({"STRIPE_SECRET_KEY": "sk_test_sandbox_x"}, "sandbox"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:5001"}, "sandbox"),
        ({"SMTP_HOST": ""}, "SMTP_HOST"),
        ({"LECTERN_ENV": "prod"}, "LECTERN_ENV"),
        ({"LECTERN_STORAGE": "s3"}, "S3_BUCKET"),
        ({"LECTERN_WORKER_THREADS": "many"}, "LECTERN_WORKER_THREADS"),
        ({"LECTERN_DEBUG": "perhaps"}, "LECTERN_DEBUG"),
        ({"LECTERN_WORKER_THREADS": "²"}, "LECTERN_WORKER_THREADS"),
        ({"LECTERN_SECRET": "misspelt"}, "LECTERN_SECRET is not a setting"),
        ({"DATABASE_POOLSIZE": "5"}, "DATABASE_POOLSIZE is not a setting. Did you mean DATABASE_POOL_SIZE?"),
        ({"DATABASE_SSL_MODE": "require"}, "Did you mean DATABASE_SSLMODE?"),
        ({"DATABASE_TIMEOUT": "5"}, "Did you mean DATABASE_POOL_TIMEOUT?"),
        ({"DATABASE_URL": "postgres://shop@host/shop"}, "DATABASE_URL must begin with postgresql://"),
        ({"DATABASE_URL": "shop.db"}, "DATABASE_URL must be an address"),
        ({"DATABASE_URL": "postgresql://shop@host:port/shop"}, "DATABASE_URL must be an address"),
        ({"DATABASE_DIRECT_URL": "mysql://host/shop"}, "DATABASE_DIRECT_URL must begin with"),
        ({"DATABASE_DIRECT_URL": "postgresql://host/shop"}, "DATABASE_DIRECT_URL must lead to the same"),
        ({"DATABASE_POOL_SIZE": "0"}, "DATABASE_POOL_SIZE must be a whole number from 1 to 1000"),
        ({"DATABASE_POOL_SIZE": "many"}, "DATABASE_POOL_SIZE must be a whole number"),
        ({"DATABASE_POOL_OVERFLOW": "-1"}, "DATABASE_POOL_OVERFLOW"),
        ({"DATABASE_POOL_TIMEOUT": "0"}, "DATABASE_POOL_TIMEOUT"),
        ({"DATABASE_STATEMENT_TIMEOUT": "99999999"}, "DATABASE_STATEMENT_TIMEOUT"),
        ({"DATABASE_SSLMODE": "require"}, "DATABASE_SSLMODE is for PostgreSQL"),
        (
            {"DATABASE_URL": "postgresql://shop@host/shop", "DATABASE_SSLMODE": "full"},
            "DATABASE_SSLMODE must be one of disable, allow, prefer, require, verify-ca, verify-full",
        ),
    ],
)
def test_a_bad_setting_stops_the_start_with_a_sentence(change: dict[str, str], names: str) -> None:
    with pytest.raises(config.ConfigError, match=names):
        config.load({**PRODUCTION, **change})


def test_a_shop_for_trying_out_takes_a_test_key() -> None:
    trial = {"STRIPE_SECRET_KEY": "sk_test_51Hq7TzKbLcVn2Xw9RmYd", "LECTERN_TEST_PAYMENTS": "true"}
    assert config.load({**PRODUCTION, **trial}).is_production
    assert config.load({**PRODUCTION, "STRIPE_SECRET_KEY": "rk_live_51Hq7TzKbLcVn2Xw9RmYd"}).is_production


@pytest.mark.parametrize("make", [secrets.token_urlsafe, secrets.token_hex, lambda size: str(uuid.uuid4())])
def test_secrets_made_at_random_are_not_taken_for_weak(make: Callable[[int], str]) -> None:
    assert not [secret for secret in (make(size) for size in (32, 48, 256) * 300) if is_weak(secret, 32)]


def test_no_proxy_is_allowed_when_it_is_said(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for proxies, said in (("0", True), ("1", False)):
        caplog.clear()
        environ = {**PRODUCTION, "LECTERN_TRUSTED_PROXIES": proxies}
        app.config["SETTINGS"] = config.load(environ)
        monkeypatch.setattr(application, "create_app", lambda: app)
        application.serve()
        assert ("LECTERN_TRUSTED_PROXIES is 0" in caplog.text) is said


def test_the_readmes_settings_name_the_proxies() -> None:
    assert "LECTERN_TRUSTED_PROXIES=1" in (config.ROOT / "README.md").read_text()


SHOP = "postgresql://shop:p%40ss@db.example.com/shop"


def test_connections_have_defaults_that_are_said_in_the_manual() -> None:
    settings = config.load({**PRODUCTION, "DATABASE_URL": SHOP})
    assert settings.database_direct_url == settings.database_url == SHOP
    assert (settings.database_pool_size, settings.database_pool_overflow) == (8, 8)
    assert (settings.database_pool_timeout, settings.database_statement_timeout) == (5, 30)
    manual = (config.ROOT / "docs" / "operating.md").read_text()
    for name, default in (
        ("POOL_SIZE", 8),
        ("POOL_OVERFLOW", 8),
        ("POOL_TIMEOUT", 5),
        ("STATEMENT_TIMEOUT", 30),
    ):
        assert f"| `DATABASE_{name}` | `{default}` |" in manual


def test_the_sslmode_is_part_of_both_addresses() -> None:
    direct = "postgresql://shop:p%40ss@10.0.0.5/shop?sslmode=disable&sslrootcert=/etc/ca.pem"
    settings = config.load(
        {"DATABASE_URL": SHOP, "DATABASE_DIRECT_URL": direct, "DATABASE_SSLMODE": "verify-full"}
    )
    assert settings.database_url == f"{SHOP}?sslmode=verify-full"
    assert make_url(settings.database_direct_url).query == {
        "sslmode": "verify-full", "sslrootcert": "/etc/ca.pem",
    }  # fmt: skip
    assert make_url(settings.database_direct_url).password == "p@ss"


def test_a_refused_address_is_not_printed_with_its_password() -> None:
    for address in ("postgresql://shop:hunter2@host:port/shop", "mysql://shop:hunter2@host/shop"):
        with pytest.raises(config.ConfigError) as refused:
            config.load({"DATABASE_URL": address})
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["DATABASE_CONNECTION_POOL_URL", "DATABASE_PUBLIC_URL", "DATABASE_HOST"])
def test_what_hosting_platforms_set_for_others_is_left_alone(name: str) -> None:
    given = config.load({**PRODUCTION, name: "postgresql://elsewhere/shop"})
    assert "elsewhere" not in given.database_url


def test_secrets_never_show_in_a_printed_settings_object() -> None:
    shown = repr(config.load(PRODUCTION))
    assert "sk_live" not in shown
    assert PRODUCTION["LECTERN_SECRET_KEY"] not in shown
    assert "whsec" not in shown


def test_what_a_secret_of_before_has_signed_is_still_read(tmp_path: Path) -> None:
    common = {"LECTERN_ENV": "testing", "LECTERN_DATA_DIR": str(tmp_path)}
    changed = {"LECTERN_SECRET_KEY": "the secret of now", "LECTERN_SECRET_KEY_FALLBACKS": f"{OLDER},x"}
    before = create_app(config.load({**common, "LECTERN_SECRET_KEY": OLDER}))
    after = create_app(config.load({**common, **changed}))
    signed, read = (CookieSessions(app).get_signing_serializer(app) for app in (before, after))
    assert signed is not None
    assert read is not None
    assert read.loads(signed.dumps({"a": 1})) == {"a": 1}
    assert OLDER not in repr(after.config["SETTINGS"])


def test_settings_written_as_an_environment_are_read_back_the_same(tmp_path: Path) -> None:
    settings = config.load({**PRODUCTION, "LECTERN_DATA_DIR": str(tmp_path), "LECTERN_TRUSTED_PROXIES": "2"})
    assert config.load(config.environ(settings)) == settings


def test_backups_stand_in_the_data_folder_unless_told_otherwise(tmp_path: Path) -> None:
    assert config.load({"LECTERN_DATA_DIR": str(tmp_path)}).backup_target == str(tmp_path / "backups")
    told = {"LECTERN_DATA_DIR": str(tmp_path), "LECTERN_BACKUP_TARGET": "s3://away/shop"}
    assert config.load(told).backup_target == "s3://away/shop"
    kept = {"LECTERN_DATA_DIR": str(tmp_path), "LECTERN_BACKUP_KEY_FILE": "/etc/lectern/key"}
    assert config.load(kept).backup_key_file == Path("/etc/lectern/key")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"LECTERN_BACKUP_TARGET": "/srv/lectern/storage/backups"}, "must not be inside storage/"),
        ({"LECTERN_BACKUP_TARGET": "s3://courses/"}, "needs a prefix"),
    ],
)
def test_backups_stay_out_of_what_is_backed_up(change: dict[str, str], said: str) -> None:
    shop = {**PRODUCTION, "LECTERN_DATA_DIR": "/srv/lectern", "LECTERN_STORAGE": "s3", "S3_BUCKET": "courses"}
    with pytest.raises(config.ConfigError, match=said):
        config.load({**shop, **change})
    assert config.load({**shop, "LECTERN_BACKUP_TARGET": "s3://courses/backups"}).s3_bucket == "courses"
