"""OAuth clients of GitHub and Google, built with Authlib.

Every exchange carries a state and a PKCE challenge; Google's, which is OpenID Connect, a nonce too.
"""

from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import MismatchingStateError
from authlib.integrations.flask_client import OAuth
from flask import current_app
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from config import Settings
from domain.people import linked_identities
from domain.people.linked_identities import NAMES, ProviderIdentity
from web.forms import one_line

TIMEOUT_SECONDS = 10


class ProviderFailed(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """A provider that can't be reached or answers nonsense. `stale`: state mismatch; starting again helps."""

    def __init__(self, stale: bool = False) -> None:
        super().__init__("stale" if stale else "failed")
        self.stale = stale


def available() -> dict[str, str]:
    """List the configured providers, key to display name."""
    return linked_identities.available()


def send_off(provider: str) -> Response:
    """Redirect to the provider; state, nonce and PKCE verifier are kept in the session.

    Raises ProviderFailed.
    """
    address = f"{current_app.config['SETTINGS'].base_url}/oauth/{provider}/callback"
    try:
        response: Response = _client(provider).authorize_redirect(address)
    except (AuthlibBaseError, requests.RequestException, ValueError, RuntimeError) as error:
        raise ProviderFailed from error
    return response


def identity(provider: str) -> ProviderIdentity:
    """Exchange the code of the callback for the identity of the person. Raises ProviderFailed."""
    client = _client(provider)
    try:
        token = client.authorize_access_token()
        return _github(client, token) if provider == "github" else _google(token)
    except MismatchingStateError as error:
        raise ProviderFailed(stale=True) from error
    except (AuthlibBaseError, JoseError, requests.RequestException) as error:
        raise ProviderFailed from error
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ProviderFailed from error  # an answer of another shape than the provider documents


def _github(client: Any, token: dict[str, Any]) -> ProviderIdentity:
    person, addresses = client.get("user", token=token), client.get("user/emails", token=token)
    person.raise_for_status()
    addresses.raise_for_status()
    verified = [a for a in addresses.json() if a["verified"] is True]
    best = next((a for a in verified if a["primary"]), verified[0] if verified else None)
    who = person.json()
    name = one_line(who.get("name")) or one_line(who.get("login"))
    return ProviderIdentity(
        "github", NAMES["github"], str(int(who["id"])), name, best["email"] if best else None
    )


def _google(token: dict[str, Any]) -> ProviderIdentity:
    who = token["userinfo"]  # the claims of the id_token, whose signature and nonce were checked
    proved = who.get("email_verified") in (True, "true")
    name = one_line(who.get("name")) or "Learner"
    return ProviderIdentity(
        "google", NAMES["google"], str(who["sub"]), name, who["email"] if proved else None
    )


def _client(provider: str) -> Any:
    """Build the client once per application: Google's metadata and keys are fetched over the network."""
    clients = current_app.extensions.setdefault("lectern_cache_oauth", {})
    if provider not in clients:
        registry = OAuth(current_app._get_current_object())  # type: ignore[attr-defined]
        clients[provider] = registry.register(provider, **_registration(provider))
    return clients[provider]


def _registration(provider: str) -> dict[str, Any]:
    settings: Settings = current_app.config["SETTINGS"]
    common = {"code_challenge_method": "S256", "default_timeout": TIMEOUT_SECONDS}
    if provider == "github":
        return {
            "client_id": settings.github_client_id,
            "client_secret": settings.github_client_secret,
            "authorize_url": f"{settings.github_base_url}/login/oauth/authorize",
            "access_token_url": f"{settings.github_base_url}/login/oauth/access_token",
            "api_base_url": f"{settings.github_api_url.rstrip('/')}/",
            "client_kwargs": {"scope": "read:user user:email", **common},
        }
    return {
        "client_id": settings.google_client_id,
        "client_secret": settings.google_client_secret,
        "server_metadata_url": f"{settings.google_issuer_url}/.well-known/openid-configuration",
        "client_kwargs": {"scope": "openid email profile", **common},
    }
