"""The application factory: settings, extensions, blueprints, templates and error pages."""

import gc

gc.disable()  # while modules are imported, which takes a fifth longer with it; switched on again below

from contextlib import suppress
from urllib.parse import urlsplit

from flask import Flask
from flask_migrate import Migrate
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

import config
import storage
from blueprints import AREAS
from cli import COMMANDS
from domain.catalog.index import index_cache
from domain.people import sessions
from domain.platform import production_checks
from models import db
from storage import file_permissions
from tables.connections import engine_options
from web import (
    cart_cookie,
    compression,
    coupon_cookie,
    csrf,
    errors,
    forms,
    guards,
    hypermedia,
    logs,
    security_headers,
    session_cookies,
    static_files,
    templating,
    visitor,
)

gc.freeze()  # modules stay: no collection of a command goes through them
gc.enable()


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the application from `settings` (read from the environment by default).

    Raises config.ConfigError with a sentence when a setting is missing or invalid.
    """
    settings = settings or config.load()
    file_permissions.keep(settings)
    app = Flask(__name__, static_folder=None)
    app.request_class = forms.BoundedRequest
    set_up(app, settings)
    add_extensions(app, settings)
    add_areas(app)
    templating.init_app(app)
    errors.init_app(app)
    return app


def serve() -> Flask:
    """Build the application for a server process, with its caches warm before the first request.

    A database that doesn't answer yet is not waited for.
    """
    app = create_app()
    production_checks.warn(app.config["SETTINGS"])
    with app.app_context(), suppress(SQLAlchemyError):
        index_cache.current()
    settle_memory()
    return app


def settle_memory() -> None:
    """Tune the garbage collector: freeze what lives as long as the process, and collect less often.

    Rendering a page allocates some thousand objects and leaves no cycles behind.
    """
    gc.unfreeze()  # what imports left behind is collected, once
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def set_up(app: Flask, settings: config.Settings) -> None:
    """Fill `app.config` with what Flask and its extensions read."""
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        TESTING=settings.is_testing,
        DEBUG=settings.debug,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(
            settings.database_url,
            size=settings.database_pool_size,
            overflow=settings.database_pool_overflow,
            timeout=settings.database_pool_timeout,
            statement_timeout=settings.database_statement_timeout,
        ),
        TRUSTED_HOSTS=trusted_hosts(settings),
        MAX_CONTENT_LENGTH=settings.max_request_bytes,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_NAME="lectern",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
        REMEMBER_COOKIE_NAME="lectern_device",
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=settings.base_url.startswith("https://"),
        REMEMBER_COOKIE_DURATION=sessions.LIFETIME,
        WTF_CSRF_TIME_LIMIT=None,
        STORAGE=settings.storage,
        STORAGE_ROOT=settings.data_dir / "storage",
        S3_BUCKET=settings.s3_bucket,
        S3_ENDPOINT_URL=settings.s3_endpoint_url,
        S3_REGION=settings.s3_region,
        S3_ACCESS_KEY_ID=settings.s3_access_key_id,
        S3_SECRET_ACCESS_KEY=settings.s3_secret_access_key,
        X_ACCEL_PREFIX=settings.x_accel_prefix,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def trusted_hosts(settings: config.Settings) -> list[str] | None:
    """List the Host headers accepted in production: the shop's own, and localhost for health checks."""
    host = urlsplit(settings.base_url).hostname or ""
    return [host, "localhost", "127.0.0.1"] if settings.is_production else None


def add_extensions(app: Flask, settings: config.Settings) -> None:
    """Initialise database, migrations, sessions, CSRF protection, storage, logs and headers."""
    compression.init_app(app)
    logs.init_app(app, settings.log_format)
    db.init_app(app)
    Migrate(app, db, render_as_batch=True, include_object=is_ours)
    csrf.CsrfProtection(app)
    session_cookies.init_app(app)
    storage.init_app(app)
    static_files.init_app(app)
    security_headers.init_app(app)
    app.after_request(hypermedia.keep_pages_whole)
    visitor.init_app(app)
    cart_cookie.init_app(app)
    coupon_cookie.init_app(app)


def is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """Exclude the full-text tables from autogenerated migrations: they are written by hand."""
    return not (kind in ("table", "column", "index") and name is not None and "_fts" in name)


def add_areas(app: Flask) -> None:
    """Register the blueprints, each with its guard, and the commands of `flask`."""
    app.url_value_preprocessor(guards.refuse_unreadable)
    for area in AREAS:
        app.register_blueprint(area)
    for command in COMMANDS:
        app.cli.add_command(command)
