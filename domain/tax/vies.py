"""The EU's register of VAT ids (VIES), asked over its REST interface; only by the worker.

It forwards each question to the register of the member state and is often out of order, so an error says
nothing about an id. With the id of the one who asks, it answers with a consultation number as proof.
"""

from typing import Any, NamedTuple

import requests
from flask import current_app

SECONDS = 20.0
LONGEST_NUMBER = 40


class Unavailable(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """The register, or that of the member state, hasn't answered."""


class Answer(NamedTuple):
    """An answer of the register: whether the id is in use, and the consultation number, "" without one."""

    is_valid: bool
    consultation: str


def ask(vat_id: str, requester: str) -> Answer:
    """Ask about `vat_id`, on behalf of the VAT id `requester` if there is one. Raises Unavailable."""
    question = {"countryCode": vat_id[:2], "vatNumber": vat_id[2:]}
    if requester:
        question |= {"requesterMemberStateCode": requester[:2], "requesterNumber": requester[2:]}
    said = _post(question)
    refusals = [str(problem.get("error")) for problem in said.get("errorWrappers") or ()]
    if "INVALID_REQUESTER_INFO" in refusals and requester:
        return ask(vat_id, "")
    if "INVALID_INPUT" in refusals:
        return Answer(False, "")
    if not isinstance(said.get("valid"), bool):
        raise Unavailable(", ".join(refusals) or "An answer without “valid”.")
    return Answer(said["valid"], str(said.get("requestIdentifier") or "")[:LONGEST_NUMBER])


def _post(question: dict[str, str]) -> dict[str, Any]:
    url = current_app.config["SETTINGS"].vies_url
    try:
        answer = requests.post(url, json=question, timeout=SECONDS, allow_redirects=False)
        said = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(type(error).__name__) from error
    if not isinstance(said, dict):
        raise Unavailable("An answer of another form.")
    return said
