"""Addresses that nobody would type: hostile words in paths and queries."""

from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.adversary.hostile import BYTES, DESKS, TEXTS, filled, rules, send, trouble

QUERY = (
    "q", "page", "sort", "level", "price", "rating", "category", "technology", "duration", "language", "tier",
    "sale", "next", "file", "n", "session_id", "order", "t", "code", "state", "error", "v", "reviews_sort",
    "reviews_page", "after", "month", "period", "unanswered", "course",
)  # fmt: skip
PERSONAL = ("account", "orders", "checkout", "learn", "reviews")


def test_hostile_words_in_paths(app: Flask, bo: FlaskClient, words: dict[str, str]) -> None:
    found = {
        (rule.rule, poison[:60]): wrong
        for rule in rules(app, "GET")
        if not rule.rule.startswith(DESKS)
        for poison in [quote(text) for text in TEXTS] + list(BYTES)
        for address in filled(rule, words, poison)
        if (wrong := trouble(send(bo, "GET", address)))
    }
    assert found == {}


@pytest.mark.parametrize("person", ["out", "bo"])
def test_hostile_words_in_queries(
    app: Flask, client: FlaskClient, bo: FlaskClient, words: dict[str, str], person: str
) -> None:
    visitor = {"out": client, "bo": bo}[person]
    queries = [urlencode([(name, text) for name in QUERY]) for text in TEXTS]
    queries += ["&".join(f"{name}={word}" for name in QUERY) for word in BYTES]
    queries += [urlencode([("page", "2")] * 500), "&".join(f"{name}[]=1&{name}[a]=2" for name in QUERY)]
    found = {
        (rule.rule, query[:80]): wrong
        for rule in rules(app, "GET")
        if not rule.rule.startswith(DESKS)
        for address in filled(rule, words)
        for query in queries
        if (person == "bo") == (rule.endpoint.split(".")[0] in PERSONAL)
        if (wrong := trouble(send(visitor, "GET", f"{address}?{query}")))
    }
    assert found == {}


def test_a_page_far_beyond_the_last_is_not_found(client: FlaskClient, bo: FlaskClient) -> None:
    digits = "000000001" + "9" * 5000
    assert client.get("/courses?page=99999999999999999999").status_code == 404
    assert bo.get(f"/learn?page={digits}").status_code == 200
    assert bo.get("/learn?page=10001").status_code == 404
    assert bo.get("/orders?page=99999999999999999999").status_code == 404
