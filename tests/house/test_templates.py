"""Partials say what they need in their first line, and nothing runs or is styled inline."""

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
NEEDS = re.compile(r"\A\{#-? needs:\s*(?P<names>[^#]*?)\s*-?#\}")
PARTIALS = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("_*.html")
    if path.parent.name not in ("layouts", "errors") and not path.name.endswith(".oob.html")
)
# Mail programs know nothing but inline styles, and their messages never reach a browser under our policy.
PAGES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*.html")
    if "mail" not in path.relative_to(TEMPLATES).parts and path.name != "mail.html"
)
INLINE = re.compile(
    r"""<script(?![^>]*(?:\ssrc=|ld\+json))|<style|\sstyle=|\son[a-z]+=["']|hx-on|javascript:|["']js:"""
)


def used_names(app: Flask, name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The names a template takes from its context, with those of what it includes."""
    source = (TEMPLATES / name).read_text()
    tree = app.jinja_env.parse(source)
    names = find_undeclared_variables(tree)
    for node in tree.find_all(nodes.Include):
        if isinstance(node.template, nodes.Const) and node.template.value not in seen:
            names |= used_names(app, node.template.value, seen | {name}) - _assigned(tree)
    return names


def _assigned(tree: nodes.Template) -> set[str]:
    """Names set inside the template (loops, set, with), which its includes may use."""
    return {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}


def _always_there(app: Flask) -> set[str]:
    return {*app.jinja_env.globals, "current_user", "request", "session", "g", "config", "ui", "csrf_token"}


def test_every_partial_declares_what_it_needs(app: Flask) -> None:
    wrong, always = {}, _always_there(app)
    for name in PARTIALS:
        declared = NEEDS.match((TEMPLATES / name).read_text())
        if declared is None:
            wrong[name] = "must begin with {#- needs: … -#}"
            continue
        names = {part.strip() for part in declared["names"].split(",") if part.strip() not in ("", "nothing")}
        if apart := (used_names(app, name) - always) ^ names:
            wrong[name] = f"needs what it does not declare, or declares what it does not need: {apart}"
    assert len(PARTIALS) > 80
    assert wrong == {}


def typed_addresses(source: str) -> list[str]:
    """The addresses that a template spells out: as an attribute, in its code, or behind another address."""
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    code = " ".join(re.findall(r"\{\{.*?\}\}|\{%.*?%\}", source, flags=re.DOTALL))
    found = re.findall(r"""=["']/[^"' ]*""", source) + re.findall(
        r"""["']/[a-z][^"']*["']|[=(,]\s*["']/["']""", code
    )
    return found + re.findall(r"\}\}/[a-z][^<\s]*", source)


# Not built but compared: whether the address to go on to is that of a held form.
SPELT_OUT = {"auth/login.html": ["'/held/'"]}


def test_addresses_come_from_url_for() -> None:
    paths = [path for path in TEMPLATES.rglob("*") if path.is_file()]
    found = {
        path.relative_to(TEMPLATES).as_posix(): typed
        for path in paths
        if (typed := typed_addresses(path.read_text()))
    }
    assert len(paths) > 200
    assert found == SPELT_OUT


@pytest.mark.parametrize(
    "source",
    [
        '<a href="/courses">', "<form action='/'>", "{{ ui.button('x', href='/courses') }}", '{{ "/a" ~ x }}',
        "{% set here = '/courses/' ~ slug %}", "{{ ui.crumbs([('Start', '/')]) }}",
        '<a href="{{ here }}/edit">', '<p hx-get="/x">',
    ],
)  # fmt: skip
def test_a_typed_address_is_seen(source: str) -> None:
    assert typed_addresses(source)
    assert not typed_addresses("{# '/x' #}<br /> and/or {{ url_for('x') }}?a={{ b }} {{ a ~ ' / ' ~ b }}")


def test_nothing_runs_or_is_styled_inline() -> None:
    found = {name: said for name in PAGES if (said := INLINE.findall((TEMPLATES / name).read_text()))}
    assert len(PAGES) > 200
    assert found == {}


@pytest.mark.parametrize(
    "markup",
    [
        "<script>go()</script>", "<style>p{}</style>", '<p style="x">', "<p onclick='go()'>",
        '<script data-src="a.js">go()</script>',
        "<p hx-on:click=x>", '<a href="javascript:x">', '<p hx-vals="js:{}">',
    ],
)  # fmt: skip
def test_what_runs_inline_is_seen(markup: str) -> None:
    assert INLINE.search(markup)
    assert not INLINE.search('<script src="a.js"></script> <script type="application/ld+json">{}</script>')
