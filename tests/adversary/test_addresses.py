"""Addresses that nobody would type: hostile words in paths and queries."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.adversary.hostile import DESKS, Deal, Questions, filled, rules, send, trouble

QUERY = (
    "q", "page", "sort", "level", "price", "rating", "category", "technology", "duration", "language", "tier",
    "sale", "next", "file", "n", "session_id", "order", "t", "code", "state", "error", "v", "reviews_sort",
    "reviews_page", "after", "month", "period", "unanswered", "course",
)  # fmt: skip
PERSONAL = ("account", "orders", "checkout", "learn", "reviews", "my_gifts")


def test_hostile_words_in_paths(app: Flask, bo: FlaskClient, words: dict[str, str]) -> None:
    deal = Deal()
    found = {
        (rule.rule, poison[:60]): wrong
        for rule in rules(app, "GET")
        if not rule.rule.startswith(DESKS)
        for poison in deal.words(rule)
        for address in filled(rule, words, poison)
        if (wrong := trouble(send(bo, "GET", address)))
    }
    assert found == {}


@pytest.mark.parametrize("person", ["out", "bo"])
def test_hostile_words_in_queries(
    app: Flask,
    client: FlaskClient,
    bo: FlaskClient,
    words: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    person: str,
) -> None:
    visitor, questions, found = {"out": client, "bo": bo}[person], Questions(app, QUERY, monkeypatch), {}
    for rule in rules(app, "GET"):
        personal = rule.endpoint.split(".")[0] in PERSONAL
        if not rule.rule.startswith(DESKS) and (person == "bo") == personal:
            for address in filled(rule, words):
                found |= questions.trouble(visitor, address)
    assert found == {}


def test_a_page_far_beyond_the_last_is_not_found(client: FlaskClient, bo: FlaskClient) -> None:
    digits = "000000001" + "9" * 5000
    assert client.get("/courses?page=99999999999999999999").status_code == 404
    assert bo.get(f"/learn?page={digits}").status_code == 200
    assert bo.get("/learn?page=10001").status_code == 404
    for far in ("99999999999999999999", f"{'9' * 17}-{'f' * 32}", f"0-{'0' * 32}"):
        assert bo.get("/orders", query_string={"after": far}).status_code == 200
