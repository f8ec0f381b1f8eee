"""Addresses that are stored or sent are built from the routes, and each names a route that there is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import BuildError

from domain.base import addresses

HOME = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for folder in ("domain", "mail") for path in (HOME / folder).rglob("*.py"))


def first_parts(app: Flask) -> set[str]:
    """The words that a path of this site begins with: courses, learn, studio."""
    return {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {""}


def texts(source: str) -> Iterator[str]:
    """The texts of a module but docstrings and patterns, with an ellipsis for what an f-string fills in."""
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    patterns = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_compile(node.func))
    said |= {id(argument) for node in patterns for argument in node.args}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside | said:
            yield node.value


def _is_compile(verb: ast.expr) -> bool:
    return isinstance(verb, ast.Attribute) and verb.attr == "compile"


def typed(text: str, parts: set[str]) -> bool:
    """Whether a text is an address of this site, or one behind a base URL."""
    path = text.removeprefix("…")
    first = path[1:].split("/")[0].split("?")[0].split("#")[0].split(".")[0]
    return path.startswith("/") and first in parts


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('tell(f"/courses/{course.slug}#reviews")', True),
        ('tell("/studio/earnings")', True),
        ('url = f"{base_url()}/admin/webhooks/{event.id}"', True),
        ('"""/courses is a page."""', False),
        ('key = f"media/{id}/film.mp4"', False),
        ('re.compile("/courses/([^/]+)")', False),
    ],
)
def test_typed_addresses_are_seen(app: Flask, line: str, found: bool) -> None:
    assert any(typed(text, first_parts(app)) for text in texts(line)) is found


def test_no_address_of_ours_is_typed(app: Flask) -> None:
    parts = first_parts(app)
    wrong = [
        (path.relative_to(HOME).as_posix(), text)
        for path in SOURCES
        for text in texts(path.read_text())
        if typed(text, parts)
    ]
    assert len(SOURCES) > 200
    assert wrong == []


def test_every_address_that_is_built_has_a_route(app: Flask) -> None:
    """Each call with the name of a route and its values, which it takes besides those for the query."""
    known = {
        rule.endpoint: rule.arguments for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())
    }
    seen = 0
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name not in ("path_to", "url_to") or not isinstance(node.args[0], ast.Constant):
                continue
            seen += 1
            given = {keyword.arg for keyword in node.keywords}
            endpoint = node.args[0].value
            assert endpoint in known, (path, endpoint)
            assert known[endpoint] <= given or None in given, (path, endpoint, known[endpoint] - given)
    assert seen > 30


def test_a_path_is_the_same_in_a_request_and_outside_of_one(app: Flask) -> None:
    with app.app_context():
        path = addresses.path_to("catalog.course", "reviews", slug="flask", reviews_page=2)
        assert path == "/courses/flask?reviews_page=2#reviews"
        assert addresses.url_to("orders.show", number="LN-1") == "http://localhost/orders/LN-1"
        with pytest.raises(BuildError):
            addresses.path_to("orders.show")
    with app.test_request_context("https://elsewhere.example/x", environ_overrides={"SCRIPT_NAME": "/in"}):
        assert addresses.path_to("catalog.course", slug="flask") == "/courses/flask"


def test_a_pattern_gives_what_building_gives(app: Flask) -> None:
    with app.app_context():
        values = {"token": "a.b-c_d", "asset_id": "0190f3c5-0000-7000-8000-000000000000", "language": "de"}
        built = addresses.path_to("media.captions", **values)
        assert addresses.pattern_of("media.captions").format(**values) == built
