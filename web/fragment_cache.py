"""Fragment cache: what is shown of equal values is rendered once."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup


def remembered(kind: str, template: str, name: str, kept: int) -> Callable[[Any], Markup]:
    """Return a renderer of `template` with a value called `name`, memoised by that value (LRU).

    While templates are reloaded, in development, nothing is cached.
    """
    renders: dict[str, Callable[[Any], Markup]] = current_app.extensions.setdefault(
        "lectern_cache_fragments", {}
    )
    if kind not in renders:
        environment = current_app.jinja_env

        def render(value: Any) -> Markup:
            return Markup(environment.get_template(template).render({name: value}))  # noqa: S704

        renders[kind] = render if environment.auto_reload else lru_cache(kept)(render)
    return renders[kind]
