"""Nobody is sent to another site."""

import pytest
from flask.testing import FlaskClient

from tests.cast import PASSWORD, Cast
from web.next_url import safe_next

ELSEWHERE = [
    None, "", " ", "x", "courses", "?a=b", "#a", ".", "../x", "//evil.example", "///evil.example",
    "////evil.example",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example", "\t//evil.example", " //evil.example", "\x00//evil.example", "/\x00/evil.example",
    "http://evil.example", "https://evil.example", "https:evil.example", "https:/evil.example",
    "HTTPS://EVIL.EXAMPLE",
    "http:evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x", "mailto:a@b.c", "ftp://evil.example", "http://localhost/courses",
    "http://localhost@evil.example/",
    "/\u2028/evil.example", "/\u00a0/evil.example", "/\u3000/x", "/courses\r\nSet-Cookie: a=b", "/x\\y",
    "/a b",
    "//[::1", "/\ufeff/evil.example", "/\u202e", "/login", "/login?next=/login", "/logout",
    "/register", "/" + "x" * 2000,
]  # fmt: skip
HERE = [
    "/", "/courses", "/courses?q=flask&page=2", "/courses/flask-first-steps#reviews", "/account",
    "/courses?next=//evil.example", "/learn/a/b?t=10", "/%2F%2Fevil.example", "/courses?q=%0d%0a", "/a//b",
    "/courses/caf\u00e9",
]  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE)
def test_every_other_address_leads_home(url: str | None) -> None:
    assert safe_next(url) == "/"


@pytest.mark.parametrize("url", HERE)
def test_paths_of_this_site_lead_where_they_say(url: str) -> None:
    assert safe_next(url) == url


@pytest.mark.parametrize(
    "url", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example"]
)
def test_no_form_leads_away(client: FlaskClient, cast: Cast, url: str) -> None:
    query = {"next": url}
    form = {"email": "bo@example.com", "password": PASSWORD}
    assert client.post("/login", query_string=query, data=form).location == "/"
    assert client.get("/login", query_string=query).location == "/"
    assert client.get("/register", query_string=query).location == "/"
    assert "evil" not in client.post("/logout", query_string=query).location
