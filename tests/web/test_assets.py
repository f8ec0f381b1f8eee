"""Static files: hashed addresses kept for a year, compressed as the browser likes, nothing else served."""

import gzip
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from web import static_files

KILOBYTE = 1000


def address(app: Flask, name: str) -> str:
    index: static_files.AssetIndex = app.extensions["assets"]
    return index.address(name)


def test_a_hashed_address_is_immutable_and_compressed(app: Flask, client: FlaskClient) -> None:
    response = client.get(address(app, "app.css"), headers={"Accept-Encoding": "gzip, br"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Encoding"] == "br"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.mimetype == "text/css"
    assert b"@layer reset, tokens" in brotli.decompress(response.data)


@pytest.mark.parametrize(("accepted", "coding"), [("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("", None)])
def test_the_encoding_is_the_browsers_choice(
    app: Flask, client: FlaskClient, accepted: str, coding: str | None
) -> None:
    response = client.get(address(app, "app.js"), headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == coding
    body = gzip.decompress(response.data) if coding else response.data
    assert b"data-toasts" in body


def test_a_font_is_not_compressed_twice(app: Flask, client: FlaskClient) -> None:
    font = address(app, "vendor/newsreader-5.3.0/newsreader-display.woff2")
    response = client.get(font, headers={"Accept-Encoding": "br"})
    assert response.mimetype == "font/woff2"
    assert "Content-Encoding" not in response.headers


def test_an_unchanged_file_is_not_sent_again(app: Flask, client: FlaskClient) -> None:
    first = client.get(address(app, "app.css"))
    again = client.get(address(app, "app.css"), headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_head_sends_no_body(app: Flask, client: FlaskClient) -> None:
    response = client.head(address(app, "app.css"))
    assert (response.status_code, response.data) == (200, b"")
    assert int(response.headers["Content-Length"]) > KILOBYTE


@pytest.mark.parametrize("path", ["app.000000000000.css", "css/base.css", "../app.py", "%2e%2e/app.py", ""])
def test_what_is_not_on_the_shelf_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_nothing_can_be_posted_there(app: Flask, client: FlaskClient) -> None:
    assert client.post(address(app, "app.css")).status_code == 405


def test_addresses_inside_stylesheets_are_hashed_too(app: Flask, client: FlaskClient) -> None:
    css = client.get(address(app, "app.css")).text
    assert address(app, "vendor/newsreader-5.3.0/newsreader-display.woff2") in css
    assert "../vendor" not in css


def test_a_name_without_a_file_stops_the_page(app: Flask) -> None:
    with pytest.raises(KeyError, match="does not exist"):
        address(app, "js/missing.js")


def test_a_stylesheet_that_names_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "layers.css").write_text("a { background: url('gone.svg') }")
    with pytest.raises(KeyError, match=r"gone\.svg"):
        static_files.AssetIndex(tmp_path)


def test_a_changed_file_gets_a_new_address(tmp_path: Path) -> None:
    for name in ("js", "css"):
        (tmp_path / name).mkdir()
    for script in static_files.SCRIPTS:
        (tmp_path / "js" / f"{script}.js").write_text("")
    (tmp_path / "css" / "layers.css").write_text("@layer base;")
    index = static_files.AssetIndex(tmp_path)
    before = index.address("app.css")
    (tmp_path / "css" / "more.css").write_text("b { color: red }")
    index.refresh()
    assert index.address("app.css") != before


def test_every_page_stays_light(app: Flask) -> None:
    index: static_files.AssetIndex = app.extensions["assets"]
    scripts = ("app.js", "vendor/htmx-4.0.1/htmx.min.js")
    assert len(index.by_name["app.css"].gzip) < 30 * KILOBYTE
    assert sum(len(index.by_name[name].gzip) for name in scripts) < 25 * KILOBYTE
    assert all(len(a.body) <= 60 * KILOBYTE for name, a in index.by_name.items() if name.endswith(".woff2"))
