"""What axe and a ruler find wrong with a page in a real browser.

A page is looked at in two ways that hold both widths and both schemes: by every rule in one, in the other for
contrast and for what a control owes that only this width shows. Its address chooses which, so that each way
is taken by a quarter of the pages; TEST_LONG takes all four by every rule.
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
# With and without JavaScript, at both widths: each once, crosswise elsewhere. TEST_LONG tries all four.
WITH = [pytest.param(True, DESK, id="js-desk"), pytest.param(False, PHONE, id="no-js-phone")]
CROSSWISE = [pytest.param(True, PHONE, id="js-phone"), pytest.param(False, DESK, id="no-js-desk")]
if effort.LONG:
    WITH = CROSSWISE = WITH + CROSSWISE
Ways = tuple[tuple[dict[str, int], str, tuple[str, ...]], ...]
ALL_WAYS: Ways = tuple((size, scheme, ()) for size, scheme in product((DESK, PHONE), ("light", "dark")))
SECOND = (
    "color-contrast", "button-name", "link-name", "label", "target-size", "scrollable-region-focusable",
    "aria-hidden-focus",
)  # fmt: skip
PAIRS: tuple[Ways, ...] = (
    ((DESK, "light", ()), (PHONE, "dark", SECOND)),
    ((PHONE, "dark", ()), (DESK, "light", SECOND)),
    ((DESK, "dark", ()), (PHONE, "light", SECOND)),
    ((PHONE, "light", ()), (DESK, "dark", SECOND)),
)
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
_RUN = """async ([context, rules]) => {
  const only = rules.length ? {runOnly: rules} : {};
  const said = {resultTypes: ['violations'], elementRef: false, preload: false};
  const found = await axe.run(context, {...said, ...only});
  const places = nodes => nodes.map(node => node.html.slice(0, 160)).join(' | ');
  return found.violations.map(one => `${one.id}: ${places(one.nodes)}`);
}"""


def look_every_way(page: Page, address: str) -> list[str]:
    """What is wrong with a page on a desk and on a phone, in light and in dark, from one load of it."""
    answer = page.goto(address)
    found = [f"{address}: not there"] if answer is None or answer.status in (404, 500) else []
    return found + every_way(page)


def every_way(page: Page) -> list[str]:
    """The same of the page as it stands."""
    found = []
    for size, scheme, rules in ways(page.url):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        seen = violations(page, rules=rules) + overflow(page)
        found += [f"{page.url}, {size['width']} px, {scheme}: {problem}" for problem in seen]
    page.set_viewport_size(SMALL_PHONE)  # type: ignore[arg-type]
    return found + [f"{page.url}: {problem}" for problem in overflow(page)]


def ways(address: str) -> Ways:
    """Choose how the page of `address` is looked at: the same way whatever ids its address holds."""
    if effort.LONG:
        return ALL_WAYS
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", urlsplit(address).path)
    return PAIRS[zlib.crc32(path.encode()) % len(PAIRS)]


def violations(page: Page, context: str = ":root", rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds in a part of the page, by the named rules or by all."""
    page.evaluate(_SETTLED)
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    found: Any = page.evaluate(_RUN, [context, list(rules)])
    return list(found)


def overflow(page: Page) -> list[str]:
    """By how much the page is too wide for the window, if it is."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide} px too wide"] if wide > 0 else []
