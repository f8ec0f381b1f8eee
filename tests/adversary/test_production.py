"""The house as it stands on the open internet: behind TLS, on real secrets, with no door for developers."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

import config
from app import create_app
from models import Role, User, db
from tests.cast import PASSWORD, Cast

SITE = "https://courses.example.com"


@pytest.fixture
def production(app: Flask, cast: Cast) -> Iterator[Flask]:
    """A second application on the test's database, made from settings that production starts with."""
    environ = {
        "LECTERN_ENV": "production",
        "LECTERN_DATA_DIR": str(app.config["SETTINGS"].data_dir),
        "LECTERN_SECRET_KEY": "kJ8-a long and unguessable secret of production-3fQ",
        "LECTERN_BASE_URL": SITE,
        "LECTERN_TRUSTED_PROXIES": "1",
        "DATABASE_URL": app.config["SETTINGS"].database_url,
        "STRIPE_SECRET_KEY": "sk_live_51Hq7TzKbLcVn2Xw9RmYd",
        "STRIPE_WEBHOOK_SECRET": "whsec_k3Lx8QzV5nTbY1mRc7WpHd2Js9Fg",
        "SMTP_HOST": "127.0.0.1",
    }
    made = create_app(config.load(environ))
    made.jinja_env.bytecode_cache = app.jinja_env.bytecode_cache
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def visitor(production: Flask) -> FlaskClient:
    """Somebody who comes through the proxy that ends TLS."""
    client = production.test_client()
    client.environ_base["HTTP_X_FORWARDED_PROTO"] = "https"
    client.environ_base["HTTP_X_FORWARDED_HOST"] = "courses.example.com"
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.7"
    return client


def sign_in(visitor: FlaskClient, email: str) -> list[str]:
    """Sign in through the form, as a browser does; answers the cookies that were set."""
    page = visitor.get("/login", base_url=SITE)
    token = page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    answer = visitor.post(
        "/login",
        data={"email": email, "password": PASSWORD, "remember": "y", "csrf_token": token},
        headers={"Referer": f"{SITE}/login"},
        base_url=SITE,
    )
    assert answer.status_code == 303
    return answer.headers.getlist("Set-Cookie")


def test_every_cookie_stays_in_its_browser(visitor: FlaskClient) -> None:
    cookies = sign_in(visitor, "bo@example.com")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"lectern", "lectern_device", "lectern_known"}
    for cookie in cookies:
        flags = {flag.strip() for flag in cookie.split(";")}
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)


def test_browsers_are_told_to_come_by_tls_only(visitor: FlaskClient) -> None:
    secure = visitor.get("/", base_url=SITE)
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    visitor.environ_base["HTTP_X_FORWARDED_PROTO"] = "http"
    assert "Strict-Transport-Security" not in visitor.get("/").headers


def test_nothing_for_developers_is_there(visitor: FlaskClient, cast: Cast) -> None:
    sign_in(visitor, "mo@example.com")
    nobody = "01890000-0000-7000-8000-000000000000"
    for page in ("/dev/mail", f"/dev/mail/{nobody}", f"/dev/mail/{nobody}/body.html", "/styleguide"):
        answer = visitor.get(page, base_url=SITE)
        assert answer.status_code == 404, page
        assert "site-header" in answer.text


def test_a_form_sent_from_elsewhere_is_refused(visitor: FlaskClient) -> None:
    page = visitor.get("/login", base_url=SITE)
    token = page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    form = {"email": "bo@example.com", "password": PASSWORD, "csrf_token": token}
    for referrer in ({}, {"Referer": "https://evil.example/"}, {"Referer": "http://["}):
        assert visitor.post("/login", data=form, headers=referrer, base_url=SITE).status_code == 400


def test_a_fault_shows_its_id_and_nothing_else(
    production: Flask, visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError(production.config["SECRET_KEY"])

    monkeypatch.setitem(production.view_functions, "catalog.home", fail)
    answer = visitor.get("/", base_url=SITE)
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.text
    assert production.config["SECRET_KEY"] not in answer.text
    assert "Traceback" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["Content-Security-Policy"]


def test_the_host_that_is_asked_for_decides_no_address(visitor: FlaskClient) -> None:
    visitor.environ_base["HTTP_X_FORWARDED_HOST"] = "evil.example"
    for page in ("/", "/courses", "/courses/flask-first-steps", "/sitemap.xml", "/feed.xml", "/robots.txt"):
        answer = visitor.get(page, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.text, page
        assert "evil.example" not in answer.headers.get("Location", ""), page


def test_only_the_nearest_proxy_is_believed(production: Flask, visitor: FlaskClient) -> None:
    visitor.environ_base["HTTP_X_FORWARDED_FOR"] = "198.51.100.1, 203.0.113.7"
    sign_in(visitor, "bo@example.com")
    page = visitor.get("/account/security", base_url=SITE).text
    assert "203.0.113.7" in page
    assert "198.51.100.1" not in page


def test_the_sandboxs_key_and_weak_settings_never_start(production: Flask) -> None:
    settings = production.config["SETTINGS"]
    good = {f.metadata["env"]: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    environ = {name: str(value) for name, value in good.items() if isinstance(value, str) and value}
    environ |= {"LECTERN_TRUSTED_PROXIES": "1", "STRIPE_WEBHOOK_SECRET": "whsec_k3Lx8QzV5nTbY1mRc7WpHd2Js9Fg"}
    assert config.load(environ).is_production
    for change in (
        {"LECTERN_SECRET_KEY": "a" * 64},
        {"LECTERN_SECRET_KEY": ""},
        {"LECTERN_BASE_URL": "http://courses.example.com"},
        {"LECTERN_DEBUG": "1"},
        {"STRIPE_SECRET_KEY": "sk_test_sandbox_x"},
        {"STRIPE_API_BASE": "http://127.0.0.1:1"},
        {"SMTP_HOST": ""},
    ):
        with pytest.raises(config.ConfigError):
            config.load(environ | change)


def test_a_closed_account_is_out_at_once(production: Flask, visitor: FlaskClient, cast: Cast) -> None:
    sign_in(visitor, "bo@example.com")
    assert visitor.get("/account", base_url=SITE).status_code == 200
    with production.app_context():
        bo = db.session.get_one(User, cast.bo.id)
        assert bo.role is Role.LEARNER
        bo.deleted_at = bo.created_at
        db.session.commit()
    assert visitor.get("/account", base_url=SITE).status_code == 303
    assert visitor.get("/learn/flask-first-steps/routes", base_url=SITE).status_code == 303
