"""Errors in Stripe's format."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An error response, 4xx or 5xx, with Stripe's error body.

    `code`, `param` and `decline_code` appear in the body only when given. `before_start` marks a request that
    was refused before execution began: it isn't stored under its idempotency key.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        before_start: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.before_start = before_start

    def body(self) -> dict[str, Any]:
        """Build the JSON body: `{"error": {…}}`."""
        error = {"type": self.type, "message": self.message, "code": self.code, "param": self.param}
        return {"error": {name: value for name, value in error.items() if value is not None}}


def missing_object(kind: str, id: str, param: str = "id") -> StripeError:
    """Build the 404 for an unknown id."""
    noun = kind.replace(".", " ").replace("_", " ").split(" ")[-1] if kind == "checkout.session" else kind
    return StripeError(f"No such {noun}: '{id}'", status=404, code="resource_missing", param=param)
