"""What axe and a ruler find wrong with a page in a real browser."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
BOTH = [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone", marks=pytest.mark.once)]
WAYS = ((DESK, "light", ()), (DESK, "dark", ("color-contrast",)), (PHONE, "dark", ()))
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
  const found = await axe.run(context, {resultTypes: ['violations'], elementRef: false, ...only});
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
    for size, scheme, rules in WAYS:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        seen = violations(page, rules=rules) + overflow(page)
        found += [f"{page.url}, {size['width']} px, {scheme}: {problem}" for problem in seen]
    page.set_viewport_size(SMALL_PHONE)  # type: ignore[arg-type]
    return found + [f"{page.url}: {problem}" for problem in overflow(page)]


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
