"""create_app: settings, extensions, blueprints, templates, errors; serve: the same for a server."""

import gc
from contextlib import suppress
from functools import cache
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, render_template, request
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager
from flask_migrate import Migrate
from itsdangerous import URLSafeTimedSerializer
from jinja2 import StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

import assets
import carrier
import config
import doors
import form_tokens
import formats
import forms
import hypermedia
import merging
import observe
import private_files
import production
import storage
from blueprints import AREAS
from cli import COMMANDS
from domain import deeds, listing, pictures, sessions, upload_rules
from domain import settings as site_settings
from models import User, db
from tables.connections import engine_options, is_unavailable

SAFE = (
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
)
PAGED_ERRORS = (403, 404, 413, 422, 429, 503)


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the application from `settings` (read from the environment by default).

    Raises config.ConfigError with a sentence when it can't be started so.
    """
    settings = settings or config.load()
    private_files.keep(settings)
    app = Flask(__name__, static_folder=None)
    app.request_class = forms.BoundedRequest
    set_up(app, settings)
    app.session_interface = CookieSessions(app)
    add_extensions(app, settings)
    add_areas(app)
    add_templates(app)
    add_errors(app)
    return app


def serve() -> Flask:
    """Build the application for a server's process: what visitors would wait for is done before the first.

    A database that doesn't answer yet is not waited for.
    """
    app = create_app()
    production.warn(app.config["SETTINGS"])
    with app.app_context(), suppress(SQLAlchemyError):
        listing.current()
    settle_memory()
    return app


def settle_memory() -> None:
    """Have the garbage collector pass over what was made so far, which stays as long as the process does.

    A page makes some thousand objects and leaves none behind, so it also looks less often than by default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def set_up(app: Flask, settings: config.Settings) -> None:
    """Hand Flask what it and its extensions read from `app.config`."""
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
    """In production, the host names we answer to: our own, and this machine's for health checks."""
    host = urlsplit(settings.base_url).hostname or ""
    return [host, "localhost", "127.0.0.1"] if settings.is_production else None


def add_extensions(app: Flask, settings: config.Settings) -> None:
    """The database, its migrations, sign-in, CSRF, files, logs and security headers."""
    observe.init_app(app, settings.log_format)
    db.init_app(app)
    Migrate(app, db, render_as_batch=True, include_object=is_ours)
    form_tokens.Protection(app)
    login = Recognition(app)
    login.session_protection = None
    login.user_loader(sessions.user_for)
    storage.init_app(app)
    assets.init_app(app)
    carrier.init_app(app)
    app.after_request(secure)
    app.after_request(hypermedia.keep_pages_whole)


class CookieSessions(SecureCookieSessionInterface):
    """Flask's sessions in signed cookies, with one serializer for all requests instead of one for each."""

    def __init__(self, app: Flask) -> None:
        self.signing = super().get_signing_serializer(app)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs the cookies of the application."""
        return self.signing


class Recognition(LoginManager):
    """Signs in by the cookie of a remembered device; one that isn't ASCII, hmac would refuse to compare."""

    def _load_user_from_remember_cookie(self, cookie: str) -> User | None:
        return super()._load_user_from_remember_cookie(cookie) if cookie.isascii() else None


def is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """Keep the full-text tables out of autogenerated migrations: they are made by hand."""
    return not (kind in ("table", "column", "index") and name is not None and "_fts" in name)


def add_areas(app: Flask) -> None:
    """Every area with its door, and the commands of `flask`."""
    app.url_value_preprocessor(doors.refuse_unreadable)
    for area in AREAS:
        app.register_blueprint(area)
    for command in COMMANDS:
        app.cli.add_command(command)


def add_templates(app: Flask) -> None:
    """Templates that fail on a misspelt name, with our filters and what every page shows."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    formats.init_app(app)
    app.jinja_env.globals["picture_url"] = pictures.address
    app.jinja_env.globals["counting"] = forms.counting
    app.jinja_env.globals["marks"] = merging.marks
    app.jinja_env.globals["upload_rules"] = upload_rules.rules
    app.jinja_env.filters["size"] = upload_rules.in_words
    app.jinja_env.filters["deed"] = deeds.in_words
    app.jinja_env.globals["site"] = _LazySite()
    app.jinja_env.globals["settings"] = app.config["SETTINGS"]


class _LazySite:
    """The shop's settings, read when a template first asks."""

    def __getattr__(self, name: str) -> object:
        return getattr(site_settings.current(), name)


def add_errors(app: Flask) -> None:
    """Every error in the site's clothes; nothing of the inside is shown."""
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(SQLAlchemyError, database_error)
    app.register_error_handler(Exception, unexpected_error)


def http_error(error: HTTPException) -> Response | HTTPException:
    """The page for an expected error; redirects pass through.

    An error while the page of another one was made comes here as well, as a 500 with its cause.
    """
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, SQLAlchemyError):
        return database_error(cause)
    code = error.code or 500
    if code < 400:
        return error
    db.session.rollback()
    response = hypermedia.refuse_with(code) if hypermedia.stays_on_its_page() else _error_page(error, code)
    kept = ("Allow", "Content-Range", "Retry-After")
    response.headers.extend([pair for pair in error.get_headers() if pair[0] in kept])
    return response


def _error_page(error: HTTPException, code: int) -> Response:
    name = str(code) if code in PAGED_ERRORS else ("500" if code >= 500 else "400")
    page = render_template(f"errors/{name}.html", request_id=observe.request_id(), error=error)
    return Response(page, code, mimetype="text/html")


def database_error(error: SQLAlchemyError) -> Response:
    """The database is busy or away: say so, and let a later try succeed. Any other error is ours."""
    if not is_unavailable(error):
        return unexpected_error(error)
    db.session.rollback()
    observe.log.exception(
        "database unavailable", exc_info=error, extra={"data": {"id": observe.request_id()}}
    )
    response = _page_without_database("errors/503.html", error, 503)
    response.headers["Retry-After"] = "5"
    return response


def unexpected_error(error: Exception) -> Response:
    """A fault of ours: logged with its trace, shown with its request id."""
    db.session.rollback()
    observe.log.exception("unexpected error", exc_info=error, extra={"data": {"id": observe.request_id()}})
    return _page_without_database("errors/500.html", error, 500)


def _page_without_database(page: str, error: Exception, code: int) -> Response:
    """An error page for a stranger: asking who reads it would ask the database that has just failed."""
    current_app.login_manager._update_request_context_with_user()  # type: ignore[attr-defined]
    text = render_template(page, request_id=observe.request_id(), error=error)
    return Response(text, code, mimetype="text/html")


def secure(response: Response) -> Response:
    """Security headers for every answer; a page that needs another policy sets its own first."""
    present = {name.lower() for name, _value in response.headers}
    added = [pair for pair in SAFE if pair[0].lower() not in present]
    is_page = response.mimetype == "text/html" and response.status_code != 204
    if is_page and "content-security-policy" not in present:
        added.append(("Content-Security-Policy", g.get("csp") or content_policy()))
    if "cache-control" not in present and (policy := _keeping(response)):
        added.append(("Cache-Control", policy))
    if request.is_secure:
        added.append(("Strict-Transport-Security", "max-age=31536000"))
    response.headers.extend(added)  # in one go: every assignment looks through all headers for one to replace
    return response


def _keeping(response: Response) -> str:
    """Answer the Cache-Control of a page without its own: no-store for one person, or Back would show it."""
    if isinstance(g.get("_login_user"), User):
        return "private, no-store"
    return "private, no-cache" if response.mimetype == "text/html" and response.status_code != 204 else ""


def content_policy() -> str:
    """What a page may load: ours alone, the bucket's media, and films of others in a frame after a click."""
    settings: config.Settings = current_app.config["SETTINGS"]
    return _policy(storage.origin(), settings.stripe_api_base if settings.uses_sandbox else None)


@cache
def _policy(bucket: str | None, sandbox: str | None) -> str:
    own = " ".join(filter(None, ["'self'", bucket]))
    pay = " ".join(filter(None, ["https://checkout.stripe.com", sandbox]))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; manifest-src 'self'; "
        f"connect-src {own}; img-src {own}; media-src {own}; "
        "frame-src 'self' https://www.youtube-nocookie.com https://player.vimeo.com; "
        f"form-action 'self' {pay}; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    )
