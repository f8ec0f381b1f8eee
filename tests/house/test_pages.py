"""What every page owes: it answers each person rightly, changes nothing, is kept apart, whole, and leads on.

All of this is read from one crawl.
"""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from flask import Flask

from domain.base.redaction import HIDDEN
from tests import effort
from tests.fixtures import Databases
from tests.house.crawl import REMEMBERED, Crawl
from tests.house.markup import Page, fits
from tests.house.stage import PEOPLE
from tests.house.test_walk import READING, lines
from tests.pages import forms_of

pytestmark = pytest.mark.slow

MOST_PAGES = effort.times(120, 400)
# Forms of pages that come filled in and send no mark, by how their address ends, with the reason.
SHOWN = {
    "/teach": "sends something new",
    "/restore": "begins with a tick that nobody has saved",
    "/withdraw": "declares something new; it begins with the person's own name and address",
    "/connect": "opens an account that isn't there yet",
    "/refund": "proposes what is left, which is looked at again under the order's lock",
    "/picture": "says how a picture to be sent is cut, which is stored nowhere",
    "/media": "says how a picture to be sent is cut, which is stored nowhere",
}
# Cy sees no fragments that Bo or Una don't, and Nia none that Ada doesn't.
SWAPPING = PEOPLE if effort.LONG else ("out", "bo", "una", "ada", "mo")
# Markup is the same on every database; where there is time, that is tried too.
ON_ONE_DATABASE = [pytest.param(person, marks=() if effort.LONG else pytest.mark.once) for person in PEOPLE]


@pytest.fixture(scope="module")
def crawl(whole_app: Flask, databases: Databases) -> Iterator[Crawl]:
    """The one crawl of this file."""
    before = dict(whole_app.config)
    whole_app.config["WTF_CSRF_ENABLED"] = True
    try:
        yield Crawl(whole_app, databases)
    finally:
        whole_app.config.clear()
        whole_app.config.update(before)


@pytest.fixture(autouse=True)
def no_other_database(request: pytest.FixtureRequest) -> None:
    """Keep `app` out, which would put another database under the crawl."""
    assert "app" not in request.fixturenames


@pytest.mark.parametrize("person", PEOPLE)
def test_every_page_by_every_person(crawl: Crawl, person: str) -> None:
    column = PEOPLE.index(person)
    expected = {address: statuses[column] for address, statuses in lines(READING)}
    found = {address: crawl.ask(person, crawl.table[address]).status for address in expected}
    assert found == expected


def test_strangers_are_sent_to_sign_in(crawl: Crawl) -> None:
    moved = [crawl.table[address] for address, statuses in lines(READING) if statuses[0] == 303]
    found = {address: (crawl.ask("out", address).location or "").partition("?")[0] for address in moved}
    assert len(found) > 100
    assert set(found.values()) == {"/login"}


@pytest.mark.parametrize("person", PEOPLE)
def test_no_get_changes_anything(crawl: Crawl, person: str) -> None:
    swaps = (False, True) if person in SWAPPING else (False,)
    answers = [crawl.ask(person, address, swap) for address in crawl.addresses for swap in swaps]
    assert {answer.address: answer.written for answer in answers if answer.written} == {}


@pytest.mark.parametrize("person", ["out", "bo", "mo"])
def test_no_route_refuses_a_swap_with_a_page(crawl: Crawl, person: str) -> None:
    answers = [crawl.ask(person, address, swap=True) for address in crawl.addresses]
    refused = [answer for answer in answers if answer.status >= 400]
    assert len(refused) > 10
    assert [answer.address for answer in refused if "<!doctype" in answer.text[:100].lower()] == []


def test_what_others_may_keep_carries_no_cookie_and_nothing_personal(crawl: Crawl) -> None:
    public = set()
    for address in crawl.addresses:
        for person in ("out", REMEMBERED, "bo"):
            answer = crawl.ask(person, address)
            policy = answer.cache
            if policy.public:
                assert answer.cookies == (), address
                assert "Cookie" not in answer.vary, address
                assert not re.search(r"\bBo\b", answer.text), address
                public |= {answer.mimetype} if answer.text else set()
            if answer.mimetype == "text/html" and not address.startswith("/dev/mail/"):
                assert not policy.public, address
                assert policy.private or policy.no_store, address
                assert "HX-Request" in answer.vary or answer.status != 200, address
            if person == "out" and answer.etag:
                assert answer.cookies == (), address
    assert public >= {"application/atom+xml", "application/xml", "image/svg+xml"}, "they were read"
    assert crawl.ask(REMEMBERED, "/account").status == 200
    assert crawl.ask("bo", "/").etag is None


@pytest.mark.parametrize("person", ON_ONE_DATABASE)
def test_every_page_is_whole_and_needs_no_repair(crawl: Crawl, person: str) -> None:
    pages = crawl.pages(person)
    found = {}
    for answer in pages:
        wrong = answer.page.faults + ([] if answer.is_letter else answer.page.lacks())
        if answer.address.startswith("/unsubscribe/"):  # whoever has its address may press its button
            wrong = [fault for fault in wrong if not fault.startswith("a form without a token")]
        # It stands on public pages, whose visitors have no session (blueprints/cart/adding.py).
        wrong = [fault for fault in wrong if fault != "a form without a token to /cart/items"]
        if wrong:
            found[answer.address] = wrong
    assert len(pages) > 40
    assert found == {}


def test_what_needs_repair_is_seen() -> None:
    page = Page('<h1 id="a">x</h1><h3 rel="a" rel="b">x</h3><p id="a"><b>x</p><label for="c">x</label><div>')
    assert page.faults == [
        "line 1: <h3> has rel 2 times",
        "line 1: <h3> follows h1",
        "line 1: </p> closes <b>",
        "<div> is never closed",
        "the id a stands 2 times",
        "for=c names nothing",
    ]
    assert Page("<ul><p>x</p></ul><div><li>x</li></div><p><div>x</div></p><li>x</li>").faults == [
        "line 1: <p> stands in <ul>",
        "line 1: <li> stands in <div>",
        "line 1: <div> stands in <p>",
    ]
    shown = Page(
        '<title>T</title><html lang="de"><h1>a</h1><h1>b</h1><a href="#c">c</a><form method="post"></form>'
    )
    assert shown.lacks() == [
        "2 <h1>", "0 <main>", "a form without a token to here", "no language",
        "a link to #c, which isn't there",
    ]  # fmt: skip


@pytest.mark.parametrize("person", [param for param in ON_ONE_DATABASE if param.values != ("out",)])
def test_every_page_that_shows_what_is_stored_says_what_it_came_with(crawl: Crawl, person: str) -> None:
    silent = set()
    for answer in crawl.pages(person):
        if answer.status != 200 or answer.address.startswith("/styleguide"):
            continue
        for form in forms_of(answer.text) if "post" in answer.text.lower() else ():
            if form.method != "post" or form.is_autosaved or not form.shown or "was" in form.values:
                continue
            if not (form.action or answer.address).endswith(tuple(SHOWN)):
                silent.add((answer.address, form.action, *sorted(form.shown)))
    assert silent == set()


@pytest.mark.parametrize("person", ON_ONE_DATABASE)
def test_pages_of_different_routes_have_different_titles(crawl: Crawl, person: str) -> None:
    """Tabs, bookmarks and screen readers tell pages apart by it."""
    adapter, found = crawl.app.url_map.bind("localhost"), defaultdict(set)
    for answer in crawl.pages(person):
        if answer.status == 200 and not answer.is_letter:
            found[answer.page.title.strip()].add(adapter.match(urlsplit(answer.address).path)[0])
    assert len(found) > 15
    assert {title: sorted(routes) for title, routes in found.items() if len(routes) > 1} == {}


@pytest.mark.parametrize("person", SWAPPING)
def test_a_fragment_is_valid_where_it_lands(crawl: Crawl, person: str) -> None:
    parents = defaultdict(set)
    for answer in crawl.pages(person):
        for name, parent in answer.page.places.items():
            parents[name].add(parent)
    landed, wrong = 0, {}
    for address in crawl.addresses:
        answer = crawl.ask(person, address, swap=True)
        if not answer.is_page or answer.page.tags["html"]:
            continue
        bad = [fault for fault in answer.page.faults if " stands in " in fault]
        for tag, name in answer.page.roots:
            landed += name in parents
            bad += [
                f"<{tag}> {name} lands in <{around}>" for around in parents[name] if not fits(tag, around)
            ]
        if bad:
            wrong[address] = bad
    assert wrong == {}
    assert landed or person == "out"


@pytest.mark.parametrize("person", ["out", "bo", "ada", "mo"])
def test_every_link_leads_somewhere(crawl: Crawl, person: str) -> None:
    waiting, seen, dead, shapes = deque([("/", "the start")]), {"/"}, {}, Counter[str]()
    while waiting and len(seen) - len(waiting) < MOST_PAGES:
        address, origin = waiting.popleft()
        answer = crawl.ask(person, address)
        if answer.status in (404, 405, 410) or answer.status >= 500:
            dead[address] = f"{answer.status} from {origin}"
        links = answer.page.links if answer.mimetype == "text/html" else []
        for link in [*links, *([answer.location] if answer.location else [])]:
            target = urldefrag(urljoin(f"http://localhost{address}", link))[0]
            parts = urlsplit(target)
            path = target.removeprefix("http://localhost") or "/"
            if parts.netloc != "localhost" or path in seen or path.startswith("/dev/") or HIDDEN in path:
                continue
            shapes[parts.path] += 1
            if shapes[parts.path] <= 4:
                seen.add(path)
                waiting.append((path, address))
    assert dead == {}
    assert len(seen) > 20
