"""Globals and filters of the templates."""

from flask import Flask
from jinja2 import StrictUndefined

from domain.media import upload_rules
from domain.platform import audit_labels, images, settings
from web import forms, merging, template_filters


def init_app(app: Flask) -> None:
    """Register filters and globals; a misspelt name in a template raises an error."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    template_filters.init_app(app)
    app.jinja_env.globals["picture_url"] = images.address
    app.jinja_env.globals["counting"] = forms.counting
    app.jinja_env.globals["marks"] = merging.marks
    app.jinja_env.globals["upload_rules"] = upload_rules.rules
    app.jinja_env.filters["size"] = upload_rules.in_words
    app.jinja_env.filters["audit_label"] = audit_labels.in_words
    app.jinja_env.globals["site"] = _LazySite()
    app.jinja_env.globals["settings"] = app.config["SETTINGS"]


class _LazySite:
    """The shop's settings, loaded on first use in a template."""

    def __getattr__(self, name: str) -> object:
        return getattr(settings.current(), name)
