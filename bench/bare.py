"""The baseline: Flask and Jinja rendering the same bytes without anything behind them, and a raw upsert.

Usage: BENCH_TOUR=tour.json granian --interface wsgi --factory bench.bare:create_bare

Lectern is asked once for every address, and the template and its values are recorded. The bare application
has the same templates, filters, macros and addresses, but no database, session, sign-in, CSRF token, hook or
log. Before it serves, each of its pages is compared byte by byte.

Lectern caches rendered cards and filters; the bare application renders them every time. Its upsert waits for
the disk, as the driver does by default, and Lectern's heartbeat doesn't. With BENCH_HARDER set it does both
as Lectern does: a harder baseline.
"""

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, g, render_template, request, template_rendered
from jinja2 import Template

import app as lectern
from bench import raw, tour
from blueprints.catalog import fragments
from config import ROOT
from domain.platform import settings
from web import csrf, templating

TOKEN = "the-token"  # noqa: S105 - a placeholder for the application's real one
TRIES = 3
OWN = ("request", "session", "g", "csrf_token", "csrf_meta_tag")
_OF_SESSION = re.compile(
    rb"""(?<=name="csrf_token" value=")[^"]+|(?<="X-CSRFToken": ")[^"]+|(?<=data-session=")[^"]+"""
)


@dataclass(frozen=True)
class Page:
    """A rendered page: template, values, the signed-in person, and its HTML."""

    template: str
    values: dict[str, Any]
    person: Any
    html: bytes


def create_bare() -> Flask:
    """Create the bare application for the tour that BENCH_TOUR names. SystemExit when its pages differ."""
    plan = tour.Tour.load(Path(os.environ["BENCH_TOUR"]))
    ours = lectern.create_app()
    recorder = Recorder(ours, plan.cookie)
    pages = {
        (at, signed_in): recorder.page(at, signed_in) for _scenario, signed_in, at in tour.addresses(plan)
    }
    bare = build(ours, pages)
    raw.add_heartbeat(bare, os.environ["DATABASE_URL"], plan.senders, bool(os.environ.get("BENCH_HARDER")))
    check(bare, recorder, pages)
    lectern.settle_memory()
    return bare


Pages = dict[tuple[str, bool], Page]


class Recorder:
    """Requests pages from Lectern, and records what they render."""

    def __init__(self, ours: Flask, cookie: str) -> None:
        self.ours, self.cookie = ours, cookie
        self.client = ours.test_client(use_cookies=False)

    def page(self, address: str, signed_in: bool) -> Page:
        """Record the page at `address`, as a visitor or as the reader of the cookie."""
        rendered: list[tuple[Template, dict[str, Any]]] = []

        def keep(_app: Flask, template: Template, context: dict[str, Any], **_: object) -> None:
            rendered.append((template, context))

        with template_rendered.connected_to(keep, self.ours):
            html = self.client.get(address, headers={"Cookie": self.cookie} if signed_in else {}).data
        template, context = rendered[0]
        person = context["current_user"]
        person = person._get_current_object() if hasattr(person, "_get_current_object") else person
        values = {name: value for name, value in context.items() if name not in OWN}
        return Page(str(template.name), values | {"current_user": person}, person, html)


def build(ours: Flask, pages: Pages) -> Flask:
    """Build a Flask application with the templates and addresses of `ours` that renders recorded pages."""
    bare = Flask("bare", root_path=str(ROOT), static_folder=None)
    bare.config["SETTINGS"] = ours.config["SETTINGS"]
    templating.init_app(bare)
    with ours.app_context():
        bare.jinja_env.globals["site"] = site = settings.current()
    bare.extensions["lectern_cache_site"] = (math.inf, site)  # what words about tax and refunds ask for
    for name in ("static_url", "stylesheet_url", "script_url", "svg_icon", "cart_count"):
        bare.jinja_env.globals[name] = ours.jinja_env.globals[name]
    bare.jinja_env.globals["csrf_token"] = bare.jinja_env.globals["session_mark"] = lambda: TOKEN
    with ours.app_context():  # one reader has the cookie, and only pages for readers ask whose they are
        mark = next(
            (csrf.mark_of(page.person.id.hex) for (_, has), page in pages.items() if has), csrf.NOBODY
        )
    bare.jinja_env.globals["person_mark"] = lambda: mark
    shared = ours.jinja_env.globals.items()
    bare.jinja_env.globals |= {n: f for n, f in shared if getattr(f, "__module__", "") == fragments.__name__}

    def show(**_: str) -> str:
        page = pages[request.full_path.rstrip("?"), "Cookie" in request.headers]
        g._login_user = page.person  # dates are shown in the reader's zone
        return render_template(page.template, **page.values)

    for rule in ours.url_map.iter_rules():
        if rule.endpoint != "learn.heartbeat":
            bare.add_url_rule(rule.rule, rule.endpoint, show, methods=rule.methods)
    return bare


def check(bare: Flask, recorder: Recorder, pages: Pages) -> None:
    """Exit unless `bare` answers every page like Lectern, except for the tokens."""
    # Fragments aren't cached while templates are reloaded; each decides that when it is first rendered.
    bare.jinja_env.auto_reload = not os.environ.get("BENCH_HARDER")
    client = bare.test_client(use_cookies=False)
    for address, signed_in in pages:
        for _ in range(TRIES):  # a relative time such as “2 minutes ago” may change in between
            html = client.get(address, headers={"Cookie": recorder.cookie} if signed_in else {}).data
            if html == _OF_SESSION.sub(TOKEN.encode(), pages[address, signed_in].html):
                break
            pages[address, signed_in] = recorder.page(address, signed_in)
        else:
            raise SystemExit(f"The bare application answers {address} differently.")
    bare.jinja_env.auto_reload = False
