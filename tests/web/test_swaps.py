"""No page lands inside a page: to a swap or a script no route says “no” with a whole page."""

from collections.abc import Callable

import pytest
from flask import Flask, Response, abort
from flask.testing import FlaskClient

from models import User
from tests.adversary.hostile import filled, good_words, rules
from tests.cast import Cast
from tests.house.stage import fill
from web import hypermedia

SWAP = {"HX-Request": "true", "HX-Request-Type": "partial"}
SCRIPTS = (
    {"Accept": "application/json"},
    {"X-Requested-With": "fetch", "Accept": "text/html"},
    {"Sec-Fetch-Dest": "empty"},
)


@pytest.mark.parametrize("name", ["out", "bo", "mo"])
def test_no_form_is_refused_to_a_swap_with_a_page(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], name: str
) -> None:
    words = good_words(fill(app, cast))
    wrong = []
    visitor = app.test_client() if name == "out" else signed_in(getattr(cast, name))
    for rule in rules(app, "POST"):
        if rule.endpoint == "auth.logout":
            continue
        for address in filled(rule, words):
            answer = visitor.post(address, headers=SWAP)
            if answer.status_code >= 400 and "<!doctype" in answer.text[:100].lower():
                wrong.append((address, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 413, 418, 422, 429, 500, 503])
def test_a_refusal_becomes_a_toast_for_a_swap_and_json_for_a_script(app: Flask, status: int) -> None:
    handler = app.handle_user_exception
    with app.test_request_context("/courses", headers=SWAP):
        swap = app.process_response(app.make_response(handler(_error(status))))
    assert (swap.status_code, swap.headers["HX-Reswap"]) == (status, "none")
    assert '"toast"' in swap.headers["HX-Trigger"]
    assert "<" not in swap.get_data(as_text=True)
    for headers in SCRIPTS:
        with app.test_request_context("/courses", headers=headers):
            told = app.process_response(app.make_response(handler(_error(status))))
        assert told.status_code == status
        assert told.json is not None
        assert told.json["sentence"]


def test_a_page_of_a_route_becomes_a_toast_with_its_heading(app: Flask) -> None:
    html = "<!doctype html><html><h1>Only <b>owners</b> review</h1></html>"
    with app.test_request_context("/courses", headers=SWAP):
        answer = hypermedia.keep_pages_whole(Response(html, 403, {"Retry-After": "9"}, mimetype="text/html"))
    assert answer.get_data(as_text=True) == "Only owners review."
    assert (answer.status_code, answer.headers["Retry-After"]) == (403, "9")


def test_a_fragment_that_says_what_is_wrong_passes(app: Flask) -> None:
    with app.test_request_context("/courses", headers=SWAP):
        answer = hypermedia.keep_pages_whole(Response("<form>Wrong</form>", 422, mimetype="text/html"))
    assert answer.get_data(as_text=True) == "<form>Wrong</form>"


def test_a_plain_visit_gets_the_page(client: FlaskClient) -> None:
    assert "<!doctype" in client.get("/nowhere").text


def _error(status: int) -> Exception:
    with pytest.raises(Exception) as raised:  # noqa: PT011  # any of werkzeug's, by its status
        abort(status)
    return raised.value
