"""Route of the webhook: verify, store, answer; a job handles the event."""

from flask import request

from blueprints.stripe_hooks import bp
from domain.base.log import log
from domain.commerce import stripe_events
from models import db
from payments import NotFromStripe


@bp.post("/stripe/webhook")
def receive() -> tuple[str, int]:
    """Store one event. 400 without a valid signature; after any other error Stripe sends it again."""
    try:
        stripe_events.receive(request.get_data(cache=False), request.headers.get("Stripe-Signature"))
    except NotFromStripe as refusal:
        log.warning("refused a webhook: %s", refusal)
        return "This isn't a signed event.\n", 400
    db.session.commit()
    return "", 204
