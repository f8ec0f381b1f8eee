"""A provider that people sign in at: GitHub's and Google's addresses on a server of its own.

It is strict where the real ones are: codes work once, and only with the verifier whose challenge came
with the question. What a test wants it to say or to get wrong is set on the object.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as BaseResponse

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Provider:
    """Runs while used as a context manager, at `url`."""

    def __init__(self) -> None:
        self.key = KEY
        self.shown_key = self.key
        self.person: dict[str, Any] = {
            "id": 4711, "sub": "g-4711", "login": "zoe", "name": "Zoe", "email": "zoe@example.com",
            "email_verified": True,
        }  # fmt: skip
        self.addresses = [{"email": "zoe@example.com", "primary": True, "verified": True}]
        self.claims: dict[str, Any] = {}  # put into the id_token in place of the right ones
        self.broken: set[str] = set()  # paths that answer with a fault
        self.asked: dict[str, dict[str, str]] = {}
        self.server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Provider":
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _app(self) -> Flask:
        app = Flask("provider")
        app.before_request(self._fail)
        for path in ("/login/oauth/authorize", "/authorize"):
            app.add_url_rule(path, f"authorize{path}", self._authorize)
        for path in ("/login/oauth/access_token", "/token"):
            app.add_url_rule(path, f"token{path}", self._token, methods=["POST"])
        app.add_url_rule("/user", "user", lambda: self._guarded(self.person))
        app.add_url_rule("/user/emails", "emails", lambda: self._guarded(self.addresses))
        app.add_url_rule("/jwks", "jwks", lambda: jsonify(keys=[self.shown_key.as_dict(private=False)]))
        app.add_url_rule("/.well-known/openid-configuration", "metadata", self._metadata)
        return app

    def _fail(self) -> Response | None:
        return Response("<h1>broken</h1>", status=500) if request.path in self.broken else None

    def _authorize(self) -> BaseResponse:
        code = secrets.token_hex(8)
        self.asked[code] = request.args.to_dict()
        answer = {"code": code, "state": request.args["state"]}
        return redirect(f"{request.args['redirect_uri']}?{urlencode(answer)}")

    def _token(self) -> Response | tuple[Response, int]:
        asked = self.asked.pop(request.form.get("code", ""), None)
        digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked.get("code_challenge_method") != "S256":
            return jsonify(error="invalid_grant"), 400
        if asked["code_challenge"] != challenge or asked["redirect_uri"] != request.form["redirect_uri"]:
            return jsonify(error="invalid_grant"), 400
        token = {"access_token": "the-token", "token_type": "bearer", "scope": asked["scope"]}
        if "openid" in asked["scope"]:
            token["id_token"] = self._id_token(asked)
        return jsonify(token)

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": asked["client_id"], "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            **{name: self.person[name] for name in ("sub", "name", "email", "email_verified")}, **self.claims,
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def _guarded(self, content: Any) -> Response:
        if request.headers.get("Authorization") != "Bearer the-token":
            return Response("who is asking?", status=401)
        return Response(json.dumps(content), mimetype="application/json")

    def _metadata(self) -> Response:
        return jsonify(
            issuer=self.url,
            authorization_endpoint=f"{self.url}/authorize",
            token_endpoint=f"{self.url}/token",
            jwks_uri=f"{self.url}/jwks",
            id_token_signing_alg_values_supported=["RS256"],
        )


@contextmanager
def offered(app: Flask) -> Iterator[Provider]:
    """A running provider that `app` is set up with, as GitHub and as Google."""
    with Provider() as running:
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"], github_client_id="hub", github_client_secret="s", google_client_id="goo",
            google_client_secret="s", github_base_url=running.url, github_api_url=running.url,
            google_issuer_url=running.url,
        )  # fmt: skip
        yield running
