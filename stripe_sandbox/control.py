"""The control page /_sandbox/: events, sessions, faults and actions; for people and for programs.

A form is answered with a redirect to the page; a JSON body (or `Accept: application/json`) with JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from . import accounts, checkout, disputes, fraud_warnings, refund_lifecycle, thin_events, unrelated_events
from .engine import Sandbox
from .errors import StripeError
from .expansion import present
from .faults import API_FAULTS, EVENT_FAULTS
from .payment_page import method_named
from .resources.refunds import check
from .store import THIN, Body

SHOWN = 50
FAULT_NUMBERS: dict[str, Callable[[Any], Any]] = {"times": int, "copies": int, "seconds": float}
FAULT_FLAGS = ("should_retry", "remember")


def create_blueprint(sandbox: Sandbox) -> Blueprint:
    """Create the control page of one sandbox."""
    blueprint = Blueprint("control", __name__, url_prefix="/_sandbox")
    blueprint.add_app_template_filter(moment, "moment")
    blueprint.add_app_template_filter(made, "made")
    levers: dict[str, Callable[..., Any]] = {
        "/faults": lambda: add_fault(sandbox),
        "/faults/clear": lambda: sandbox.faults.clear(),
        "/clock": lambda: move_clock(sandbox),
        "/endpoint/enable": lambda: sandbox.webhooks.enable(),
        "/reset": lambda: sandbox.reset(),
        "/events/<id>/deliver": lambda id: deliver(sandbox, id),
        "/sessions/<id>/pay": lambda id: pay(sandbox, id),
        "/sessions/<id>/settle": lambda id: checkout.settle(sandbox, id, said_ok()),
        "/sessions/<id>/expire": lambda id: expire(sandbox, id),
        "/refunds/<id>/settle": lambda id: refund_lifecycle.settle(sandbox, id, said_ok()),
        "/charges/<id>/refund": lambda id: refund(sandbox, id),
        "/charges/<id>/dispute": lambda id: dispute(sandbox, id),
        "/charges/<id>/warn": lambda id: fraud_warnings.warn(sandbox, id),
        "/disputes/<id>/decide": lambda id: disputes.decide(sandbox, id, said_ok()),
        "/disputes/<id>/become": lambda id: disputes.become(sandbox, id, str(sent()["status"])),
        "/accounts/<id>/decide": lambda id: decide(sandbox, id),
        "/accounts/<id>/deauthorise": lambda id: accounts.deauthorise(sandbox, id),
        "/accounts/<id>/pay_out": lambda id: accounts.pay_out(sandbox, id),
        "/elsewhere/pay": lambda: unrelated_events.pay_unasked(sandbox),
        "/elsewhere/payout": lambda: unrelated_events.refuse_payout(sandbox),
        "/elsewhere/account": lambda: accounts.appear(sandbox),
        "/elsewhere/credit": lambda: thin_events.receive_credit(sandbox),
    }
    for rule, pull in levers.items():
        blueprint.add_url_rule(rule, rule.strip("/").replace("/", "_"), lever(pull), methods=["POST"])
    blueprint.add_url_rule("/", "page", lambda: show(sandbox))
    blueprint.add_url_rule("/state", "state", lambda: jsonify(state(sandbox)))
    blueprint.add_url_rule("/faults", "faults_listed", lambda: jsonify(sandbox.faults.listed()))
    return blueprint


def lever(pull: Callable[..., Any]) -> Callable[..., Answer]:
    """Build a view that runs an action and answers with a redirect or JSON; 400 for wrong input."""

    def view(**ids: str) -> Answer:
        try:
            result = pull(**ids)
        except StripeError as error:
            return told({"error": error.message}, error.status)
        except (ValueError, TypeError, KeyError, checkout.SessionClosedError) as error:
            return told({"error": str(error)}, 400)
        return told(result if isinstance(result, dict) else {"done": True}, 200)

    return view


def told(result: Body, status: int) -> Answer:
    """Answer programs with JSON; people with a redirect to the page, or the error as plain text."""
    if request.is_json or request.accept_mimetypes.best == "application/json":
        answer: Response = jsonify(result)
        answer.status_code = status
        return answer
    if status >= 400:
        return Response(f"{result['error']}\n", status, content_type="text/plain; charset=utf-8")
    return redirect(url_for("control.page"), 303)


def sent() -> dict[str, Any]:
    """Return the fields of the request, from JSON or a form. ValueError for JSON that is not an object."""
    if not request.is_json:
        return request.form.to_dict()
    fields = request.get_json(silent=True)
    if not isinstance(fields, dict):
        raise ValueError("Send a JSON object.")
    return fields


def truth(value: Any) -> bool:
    """Parse a boolean: `true`, `1`, `on` or `yes`."""
    return str(value).lower() in ("true", "1", "on", "yes")


def said_ok() -> bool:
    """Parse the `ok` of a settle request; true by default."""
    return truth(sent().get("ok", "true"))


def finite(value: float) -> float:
    """Return a finite, non-negative number; ValueError for others."""
    if not math.isfinite(value) or not 0 <= value < 10**10:
        raise ValueError("Give a number of seconds that is not negative.")
    return value


def add_fault(sandbox: Sandbox) -> Body:
    """Add a fault from `kind`, `on` and the options of `faults.Fault`."""
    fields = {name: value for name, value in sent().items() if value not in ("", None)}
    kind, on = str(fields.pop("kind", "")), str(fields.pop("on", ""))
    options: dict[str, Any] = {}
    for name, value in fields.items():
        if name in FAULT_NUMBERS:
            options[name] = FAULT_NUMBERS[name](finite(float(value)))
        elif name in FAULT_FLAGS:
            options[name] = truth(value)
        else:
            raise ValueError(f"A fault has no {name}.")
    fault = sandbox.faults.add(kind, on, **options)
    return {"id": fault.id, "kind": fault.kind, "on": fault.on, "times": fault.times}


def move_clock(sandbox: Sandbox) -> Body:
    """Move the clock by `advance` (seconds) or to `set` (Unix seconds)."""
    fields = sent()
    if "set" in fields:
        return {"now": sandbox.clock.set(finite(float(fields["set"])))}
    return {"now": sandbox.clock.advance(finite(float(fields.get("advance", 0))))}


def deliver(sandbox: Sandbox, id: str) -> None:
    """Deliver an event again."""
    sandbox.event(id)
    sandbox.webhooks.resend(id)


def pay(sandbox: Sandbox, id: str) -> Body:
    """Pay a session; `how` is one of the page's choices."""
    session = checkout.pay(sandbox, id, method_named(str(sent().get("how", "card"))))
    return present(sandbox, session)


def refund(sandbox: Sandbox, id: str) -> Body:
    """Refund the rest of a payment, as somebody does in Stripe's dashboard."""
    with sandbox.store.transaction():
        charge = sandbox.get("charge", id)
        left = charge["amount"] - charge["amount_refunded"]
        check(sandbox, charge, max(left, 1))
        return refund_lifecycle.refund(sandbox, charge, left, {"reason": "requested_by_customer"})


def dispute(sandbox: Sandbox, id: str) -> Body:
    """Dispute a payment: `status` to begin with, `amount` in minor units, `reason`; all have defaults."""
    fields = {name: value for name, value in sent().items() if value not in ("", None)}
    amount = int(fields.pop("amount")) if "amount" in fields else None
    return disputes.dispute(sandbox, id, amount=amount, **fields)


def decide(sandbox: Sandbox, id: str) -> Body:
    """Decide about a connected account: `reason` against it ("" for none), `due` what Stripe asks for."""
    fields = sent()
    due = tuple(str(fields.get("due") or "").split())
    return accounts.decide(sandbox, id, fields.get("reason") or None, due, fields.get("error") or None)


def expire(sandbox: Sandbox, id: str) -> Body:
    """Expire an open session now."""
    with sandbox.store.transaction():
        return present(sandbox, checkout.expire(sandbox, checkout.open_session(sandbox, id)))


def made(event: Body) -> float:
    """Return the time of an event in Unix seconds; thin ones write it in words."""
    created = event["created"]
    return datetime.fromisoformat(created).timestamp() if isinstance(created, str) else float(created)


def moment(seconds: float | None) -> str:
    """Format Unix seconds for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %H:%M:%S") if seconds else ""


def show(sandbox: Sandbox) -> str:
    """Render the control page, newest first."""
    sandbox.sweep()
    sessions = list(reversed(sandbox.store.all("checkout.session")))[:SHOWN]
    thin = sandbox.store.all(THIN)
    events = sorted([*sandbox.store.all("event"), *thin], key=made, reverse=True)[:SHOWN]
    deliveries: dict[str, list[Any]] = {}
    for row in sandbox.store.run("SELECT * FROM deliveries ORDER BY id DESC LIMIT 500"):
        deliveries.setdefault(row["event_id"], []).append(row)
    return render_template(
        "control.html",
        business=sandbox.settings.business,
        settings=sandbox.settings,
        disabled=sandbox.webhooks.disabled,
        now=sandbox.now(),
        sessions=sessions,
        events=events,
        deliveries=deliveries,
        pending_refunds=[
            row for row in sandbox.store.all("refund") if row["status"] in refund_lifecycle.WAITING
        ],
        charges=[row for row in sandbox.store.all("charge") if row["status"] == "succeeded"][
            : -SHOWN - 1 : -1
        ],
        disputes=[row for row in sandbox.store.all("dispute") if row["status"] in disputes.NEXT],
        next_statuses=disputes.NEXT,
        accounts=list(reversed(sandbox.store.all(accounts.KIND)))[:SHOWN],
        reasons=accounts.REASONS,
        faults=sandbox.faults.listed(),
        api_faults=API_FAULTS,
        event_faults=EVENT_FAULTS,
    )


def state(sandbox: Sandbox) -> Body:
    """Return everything for consistency checks: objects by kind, deliveries, faults, clock."""
    return {
        "now": sandbox.now(),
        "objects": sandbox.store.dump(),
        "deliveries": [dict(row) for row in sandbox.store.run("SELECT * FROM deliveries ORDER BY id")],
        "faults": sandbox.faults.listed(),
    }
