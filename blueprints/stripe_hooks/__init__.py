"""The endpoint of Stripe's webhooks."""

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from web import guards

bp = guards.open_to_all(Blueprint("stripe_hooks", __name__))


@bp.record_once
def _let_stripe_post(state: BlueprintSetupState) -> None:
    """Exempt the webhook from CSRF: Stripe has no session, its signature authenticates the request."""
    state.app.extensions["csrf"].exempt(bp)


from blueprints.stripe_hooks import webhook  # noqa: E402,F401
