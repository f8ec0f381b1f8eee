"""The HTTP side of /v1 and /v2: keys, parameters, idempotency and errors."""

from __future__ import annotations

import base64
import time
from typing import Any

from flask import Blueprint, Response, current_app, g, json, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from . import expansion, thin_events
from .accounts import KIND, no_access
from .api_faults import dawdle, made_up, stop_after, stop_before
from .endpoints import Call, Endpoint
from .engine import Sandbox, shown
from .errors import StripeError
from .faults import Fault
from .idempotency import Keys
from .parameters import decode, from_json
from .recorder import Exchange
from .resources import ENDPOINTS
from .settings import KEY_PREFIX
from .store import Body


def create_blueprint(sandbox: Sandbox) -> Blueprint:
    """Create the API of one sandbox."""
    blueprint = Blueprint("v1", __name__)
    keys = Keys(sandbox.store)
    for endpoint in ENDPOINTS:
        blueprint.add_url_rule(
            endpoint.rule,
            endpoint=f"{endpoint.method} {endpoint.rule}".replace(".", "_"),
            view_func=view_of(sandbox, keys, endpoint),
            methods=[endpoint.method],
            provide_automatic_options=False,
        )
    blueprint.add_url_rule("/v2/<path:rest>", "v2", thin_view(sandbox), methods=["GET"])
    methods = ["GET", "POST", "DELETE", "PUT", "PATCH"]
    blueprint.add_url_rule("/v2/<path:rest>", "unknown_v2", unknown, methods=["POST", "DELETE"])
    blueprint.add_url_rule("/v1/<path:rest>", "unknown", unknown, methods=methods)
    blueprint.before_request(begin)
    blueprint.after_request(lambda response: finish(sandbox, response))
    blueprint.register_error_handler(StripeError, refuse)
    blueprint.register_error_handler(Exception, break_down)
    return blueprint


def begin() -> None:
    """Check the API key."""
    header = request.headers.get("Authorization", "")
    scheme, _, key = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key).decode().partition(":")[0]
        except ValueError:
            key = ""
    if not key:
        message = "You did not provide an API key. Send it as `Authorization: Bearer YOUR_SECRET_KEY`."
        raise StripeError(message, status=401)
    if key.startswith(("sk_live_", "rk_live_")):
        raise StripeError(
            "This is a sandbox: it never takes a live key.", status=401, code="livemode_mismatch"
        )
    if not key.startswith(KEY_PREFIX):
        raise StripeError(f"Invalid API Key provided: the sandbox takes {KEY_PREFIX}… only.", status=401)


def request_id() -> str:
    """Return this request's id, generated on first use."""
    if "request_id" not in g:
        g.request_id = f"req_{time.time_ns():x}"
    return str(g.request_id)


def view_of(sandbox: Sandbox, keys: Keys, endpoint: Endpoint) -> Any:
    """Build the Flask view of one operation."""

    def view(**ids: str) -> Response:
        faults = sandbox.faults.take("api", f"{request.method} {request.path}", request.path)
        stop_before(faults)
        sandbox.sweep()
        sent = sent_fields()
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        call = (endpoint, ids, sent, faults)
        if key:
            status, body = once(sandbox, keys, key, *call)
        else:
            dawdle(faults)
            status, body = 200, perform(sandbox, *call)
        stop_after(faults)
        return answer(status, body)

    return view


def thin_view(sandbox: Sandbox) -> Any:
    """Build the view of what thin events are about: `GET` of an object or event of API v2."""

    def view(rest: str) -> Response:
        faults = sandbox.faults.take("api", f"{request.method} {request.path}", request.path)
        stop_before(faults)
        return answer(200, shown(thin_events.at(sandbox, f"/v2/{rest}")))

    return view


def sent_fields() -> Body:
    """Return the parameters that were sent, nested; v2 takes JSON. StripeError for a body of another kind."""
    if request.method != "POST" or not request.path.startswith("/v2/"):
        return decode(text_of_request())
    if request.mimetype != "application/json" and request.get_data():
        raise StripeError("API v2 takes JSON: send it as application/json.", before_start=True)
    sent = request.get_json(silent=True) if request.get_data() else {}
    if not isinstance(sent, dict):
        raise StripeError("Invalid request: the body is not a JSON object.", before_start=True)
    fields: Body = from_json(sent)
    return fields


def text_of_request() -> str:
    """Return the form or the query as text. Raises StripeError for another content type."""
    if request.method != "POST":
        return request.query_string.decode("utf-8", "replace")
    raw = request.get_data()
    if raw and request.mimetype != "application/x-www-form-urlencoded":
        message = "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
        raise StripeError(message, before_start=True)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise StripeError("Invalid request: the body is not UTF-8.", before_start=True) from None


def perform(
    sandbox: Sandbox, endpoint: Endpoint, ids: dict[str, str], sent: Body, faults: list[Fault]
) -> Body:
    """Parse the parameters and execute the operation in a transaction."""
    params = endpoint.takes.read(sent)
    tree = expansion.tree_of(params.pop("expand", []), endpoint.listed)
    expansion.check(endpoint.kind, tree)
    origin = {"id": request_id(), "idempotency_key": request.headers.get("Idempotency-Key")}
    base_url = sandbox.settings.public_url or request.host_url.rstrip("/")
    kinds = frozenset(fault.kind for fault in faults)
    account = account_header(sandbox, endpoint)
    call = Call(sandbox, request.path, params, ids, tree, origin, base_url, kinds, account)
    with sandbox.store.transaction():
        body = endpoint.work(call)
        return body if endpoint.listed else expansion.present(sandbox, body, tree)


def account_header(sandbox: Sandbox, endpoint: Endpoint) -> str:
    """Return the connected account in whose name a call of v1 is made, "" for our own.

    StripeError 403 for one that isn't connected, 400 for a call that the sandbox doesn't make for others.
    """
    named = request.headers.get("Stripe-Account", "")
    if not named or request.path.startswith("/v2/"):
        return ""
    known = sandbox.store.find(KIND, named)
    if known is None or known["_deauthorised"]:
        raise no_access(named)
    if not endpoint.connected:
        message = f"The sandbox doesn't answer {endpoint.method} {endpoint.rule} for a connected account."
        raise StripeError(message, before_start=True)
    return named


def once(
    sandbox: Sandbox,
    keys: Keys,
    key: str,
    endpoint: Endpoint,
    ids: dict[str, str],
    sent: Body,
    faults: list[Fault],
) -> tuple[int, Any]:
    """Execute under an idempotency key: the work and its stored response are atomic."""
    place = (key, request.method, request.path, sent)
    with keys.held(key):
        remembered = keys.recall(*place, sandbox.now())
        if remembered is not None:
            g.replayed = True
            return remembered
        dawdle(faults)
        lost = next((fault for fault in faults if fault.kind == "execute_then_500" and fault.remember), None)
        try:
            with sandbox.store.transaction():
                body = perform(sandbox, endpoint, ids, sent, faults)
                kept = (500, made_up("500").body()) if lost else (200, body)
                keys.keep(*place, sandbox.now(), *kept)
        except StripeError as error:
            if not error.before_start:
                keys.keep(*place, sandbox.now(), error.status, error.body())
            raise
        return 200, body


def answer(status: int, body: Any) -> Response:
    """Serialise JSON as Stripe does."""
    return Response(json.dumps(body, indent=2) + "\n", status, content_type="application/json")


def refuse(error: StripeError) -> Response:
    """Convert an error to Stripe's format."""
    return answer(error.status, error.body())


def break_down(error: Exception) -> Response:
    """Answer a dropped connection, an HTTP error, or a bug of the sandbox, which is logged."""
    if isinstance(error, HTTPException):
        return refuse(StripeError(error.description or error.name, status=error.code or 500))
    if not g.get("dropped"):
        current_app.logger.exception("The sandbox failed at %s %s", request.method, request.path)
    return refuse(made_up("500"))


def unknown(rest: str) -> Response:
    """Answer an undeclared path."""
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    raise StripeError(message, status=404)


def body_text() -> str:
    """Return the body for the recording; "" when it was too long to be read."""
    try:
        return request.get_data().decode("utf-8", "replace")
    except RequestEntityTooLarge:
        return ""


def finish(sandbox: Sandbox, response: Response) -> Response:
    """Add the headers of every response, and record the exchange."""
    response.headers["Request-Id"] = request_id()
    for name in ("Stripe-Version", "Idempotency-Key"):
        if name in request.headers:
            response.headers[name] = request.headers[name]
    if g.get("replayed"):
        response.headers["Idempotent-Replayed"] = "true"
    if g.get("should_retry") is not None:
        response.headers["Stripe-Should-Retry"] = "true" if g.should_retry else "false"
    if sandbox.recorder.on:
        sandbox.recorder.keep(
            Exchange(
                request.method,
                request.path,
                request.query_string.decode("utf-8", "replace"),
                body_text(),
                0 if g.get("dropped") else response.status_code,
                response.get_json(silent=True),
                dict(request.headers),
            )
        )
    return response
