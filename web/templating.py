"""Globals and filters of the templates."""

from functools import partial
from typing import Any

import flask
from flask import Flask, current_app, request
from flask.globals import request_ctx
from jinja2 import StrictUndefined

from domain.base import addresses
from domain.catalog import kinds
from domain.commerce import order_words
from domain.documents import line_amounts, pdf_words
from domain.media import upload_rules
from domain.platform import audit_labels, images, settings
from domain.tax import countries, words
from web import forms, merging, navigation, tax_words, template_filters

# By where the site is mounted, and endpoint.
_built: dict[tuple[str, str], str] = {}


def init_app(app: Flask) -> None:
    """Register filters and globals; a misspelt name in a template raises an error."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    template_filters.init_app(app)
    _built.clear()
    app.jinja_env.globals["url_for"] = url_for
    app.jinja_env.globals["menu"] = partial(navigation.menu, url_for)
    app.jinja_env.globals["url_to"] = addresses.url_to
    app.jinja_env.globals["picture_url"] = images.address
    app.jinja_env.globals["product_page"] = _product_page
    app.jinja_env.globals["product_entrance"] = _product_entrance
    app.jinja_env.globals["product_noun"] = kinds.noun
    app.jinja_env.globals["document_title"] = pdf_words.title
    app.jinja_env.globals["order_words"] = order_words.words
    app.jinja_env.globals["order_title"] = order_words.title
    app.jinja_env.globals["order_thanks"] = order_words.thanks
    app.jinja_env.globals["order_undelivered"] = order_words.undelivered
    app.jinja_env.globals["line_price"] = line_amounts.shown_cents
    app.jinja_env.globals["order_method"] = order_words.method
    app.jinja_env.globals["order_taxes"] = order_words.taxes
    app.jinja_env.globals["counting"] = forms.counting
    app.jinja_env.globals["marks"] = merging.marks
    app.jinja_env.globals["upload_rules"] = upload_rules.rules
    app.jinja_env.filters["size"] = upload_rules.in_words
    app.jinja_env.filters["audit_label"] = audit_labels.in_words
    app.jinja_env.globals["tax_words"] = tax_words.beside_price
    app.jinja_env.filters["tax_label"] = words.label
    app.jinja_env.filters["country_name"] = countries.name
    app.jinja_env.globals["site"] = _LazySite()
    app.jinja_env.globals["settings"] = app.config["SETTINGS"]


def url_for(endpoint: str, **values: Any) -> str:
    """Build an address as Flask does; one without values is built once.

    Header, footer and navigation ask for two dozen of these on every page, and building them anew would take
    a tenth of its time.
    """
    key = request.root_path, endpoint
    if not values and (address := _built.get(key)) is not None:
        return address
    if request_ctx.url_adapter is None:  # the Host isn't ours, and the page that says so has a header as well
        return current_app.url_map.bind("localhost", script_name=request.root_path).build(endpoint, values)
    address = flask.url_for(endpoint, **values)
    if not values and endpoint[0] != ".":  # what begins with a dot depends on the page
        _built[key] = address
    return address


def _product_page(product: kinds.Named) -> str:
    return request.root_path + kinds.page(product)


def _product_entrance(product: kinds.Named) -> kinds.Link:
    label, path = kinds.entrance(product)
    return kinds.Link(label, request.root_path + path)


class _LazySite:
    """The shop's settings, loaded on first use in a template."""

    def __getattr__(self, name: str) -> object:
        return getattr(settings.current(), name)
