"""Where Stripe tells us what happened."""

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from web import guards

stripe_hooks = guards.open_to_all(Blueprint("stripe_hooks", __name__))


@stripe_hooks.record_once
def _let_stripe_post(state: BlueprintSetupState) -> None:
    """Stripe has no session with us: its signature is what a form's token is elsewhere."""
    state.app.extensions["csrf"].exempt(stripe_hooks)


from blueprints.stripe_hooks import webhook  # noqa: E402,F401
