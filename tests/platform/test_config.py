"""Settings: development needs nothing, production refuses what is unsafe and says what to set."""

from pathlib import Path

import pytest

import config

PRODUCTION = {
    "LECTERN_ENV": "production",
    "LECTERN_SECRET_KEY": "q8N2vX5sB7kLw0ZrT4yUcE1aGh6JmPdF",
    "LECTERN_BASE_URL": "https://courses.example.com",
    "STRIPE_SECRET_KEY": "sk_live_something",
    "STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old",
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
    assert settings.stripe_webhook_secrets == ("whsec_new", "whsec_old")
    assert settings.log_format == "json"
    assert settings.is_production


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"LECTERN_SECRET_KEY": ""}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "short"}, "LECTERN_SECRET_KEY"),
        ({"LECTERN_SECRET_KEY": "a" * 64}, "LECTERN_SECRET_KEY"),
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
        ({"LECTERN_SECRET": "misspelt"}, "LECTERN_SECRET is not a setting"),
    ],
)
def test_a_bad_setting_stops_the_start_with_a_sentence(change: dict[str, str], names: str) -> None:
    with pytest.raises(config.ConfigError, match=names):
        config.load({**PRODUCTION, **change})


def test_secrets_never_show_in_a_printed_settings_object() -> None:
    shown = repr(config.load(PRODUCTION))
    assert "sk_live_something" not in shown
    assert PRODUCTION["LECTERN_SECRET_KEY"] not in shown
    assert "whsec" not in shown


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
