"""What axe and a ruler find wrong with a page in a real browser.

A page is looked at in one of four ways: two widths, two schemes. Its address chooses which, so that each way
is taken by a quarter of the pages; TEST_LONG takes all four.
"""

import re
import zlib
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests import effort

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
# Windows to go on a journey with: any two values of different kinds come together in one of them.
Window = dict[str, Any]
WINDOWS: dict[str, Window] = {
    "js-desk": {"javascript": True, "viewport": DESK, "color_scheme": "light"},
    "js-phone": {"javascript": True, "viewport": PHONE, "color_scheme": "dark"},
    "no-js-desk": {"javascript": False, "viewport": DESK, "color_scheme": "dark"},
    "no-js-phone": {"javascript": False, "viewport": PHONE, "color_scheme": "light"},
}
Ways = tuple[tuple[dict[str, int], str], ...]
ALL_WAYS: Ways = tuple(product((DESK, PHONE), ("light", "dark")))
# What waits for an answer is dimmed. A change of the scheme begins transitions with the next frame, and a
# colour that is inherited begins others when they end. What never ends is not waited for.
_SETTLED = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const busy = '[aria-busy="true"]';
  const ends = animation => animation.effect.getComputedTiming().endTime < Infinity;
  for (let quiet = 0; quiet < 2;) {
    await frame();
    const moving = document.getAnimations().filter(ends);
    quiet = moving.length || document.querySelector(busy) ? 0 : quiet + 1;
    await Promise.allSettled(moving.map(animation => animation.finished));
  }
}"""
_AXE = Axe().axe_script
_RUN = """async context => {
  const found = await axe.run(context, {resultTypes: ['violations'], elementRef: false, preload: false});
  const places = nodes => nodes.map(node => node.html.slice(0, 160)).join(' | ');
  return found.violations.map(one => `${one.id}: ${places(one.nodes)}`);
}"""


def tried_with(*usual: str, only: str = "") -> pytest.MarkDecorator:
    """Make a journey in these of WINDOWS, with TEST_LONG in all; it opens its own with `visitor(**window)`.

    The names of those that it can be made in begin with `only`.
    """
    names = effort.cases([name for name in WINDOWS if name.startswith(only)], usual)
    return pytest.mark.parametrize("window", [pytest.param(WINDOWS[name], id=name) for name in names])


def look_every_way(page: Page, address: str) -> list[str]:
    """What is wrong with a page, from one load of it; see `every_way`."""
    answer = page.goto(address)
    found = [f"{address}: not there"] if answer is None or answer.status in (404, 500) else []
    return found + every_way(page)


def every_way(page: Page) -> list[str]:
    """What is wrong with the page as it stands: in one of four ways, with TEST_LONG in all."""
    found = []
    for size, scheme in ways(page.url):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        seen = violations(page) + overflow(page)
        found += [f"{page.url}, {size['width']} px, {scheme}: {problem}" for problem in seen]
    page.set_viewport_size(SMALL_PHONE)  # type: ignore[arg-type]
    return found + [f"{page.url}: {problem}" for problem in overflow(page)]


def ways(address: str) -> Ways:
    """Choose how the page of `address` is looked at: the same way whatever ids its address holds."""
    if effort.LONG:
        return ALL_WAYS
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", urlsplit(address).path)
    return (ALL_WAYS[zlib.crc32(path.encode()) % len(ALL_WAYS)],)


def violations(page: Page, context: str = ":root") -> list[str]:
    """What axe finds in a part of the page."""
    page.evaluate(_SETTLED)
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    found: Any = page.evaluate(_RUN, context)
    return list(found)


def overflow(page: Page) -> list[str]:
    """By how much the page is too wide for the window, if it is."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide} px too wide"] if wide > 0 else []
