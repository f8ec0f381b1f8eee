"""Takes the screenshots of the README and docs/ from a running demo: bin/dev in one terminal, this in
another.

Usage: .venv/bin/python bin/screenshots.py [http://127.0.0.1:5000]

Needs the development requirements and a Chromium (CHROMIUM names it).
"""

import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"


@dataclass(frozen=True)
class Shot:
    """A screenshot: its file, the page, the person signed in, and the window.

    `follow` are the names of links to open from there, for pages whose address holds an id.
    """

    name: str
    address: str
    email: str = ""
    size: tuple[int, int] = (1280, 860)
    scheme: str = "light"
    follow: tuple[str, ...] = ()


COURSE = "Flask: first steps to a real web app"
SHOTS = (
    Shot("home", "/"),
    Shot("catalogue", "/courses?level=beginner", scheme="dark"),
    Shot("course", "/courses/reading-query-plans"),
    Shot("lesson", "/learn/typography-for-screens/how-eyes-cross-a-line", "learner@example.com"),
    Shot(
        "reading",
        "/learn/flask-first-steps/your-first-app-line-by-line",
        "learner@example.com",
        scheme="dark",
    ),
    Shot("library", "/learn", "learner@example.com"),
    Shot("phone-course", "/courses/flask-first-steps", size=(390, 844)),
    Shot("phone-lesson", "/learn/flask-first-steps/what-happens-when-a-request-arrives", size=(390, 844)),
    Shot("studio", "/studio", "creator@example.com"),
    Shot("curriculum", "/studio/courses", "creator@example.com", follow=(COURSE, "Curriculum")),
    Shot(
        "lesson-editor",
        "/studio/courses",
        "creator@example.com",
        size=(1280, 1000),
        follow=(COURSE, "Curriculum", "What happens when a request arrives"),
    ),
    Shot(
        "analytics",
        "/studio/courses",
        "creator@example.com",
        scheme="dark",
        follow=(COURSE, "Analytics", "12 months"),
    ),
    Shot("administration", "/admin", "admin@example.com"),
    Shot("moderation", "/admin/moderation", "admin@example.com", follow=("A game loop from scratch",)),
)


def main() -> None:
    """Take every screenshot and write it, compressed, to docs/images/."""
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:5000"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for shot in SHOTS:
            take(browser, base, shot)
            print(f"docs/images/{shot.name}.png")
        browser.close()


def take(browser: Browser, base: str, shot: Shot) -> None:
    """Open the page as that person and save the viewport in 256 colours."""
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        base_url=base,
        color_scheme="dark" if shot.scheme == "dark" else "light",
        reduced_motion="reduce",
        device_scale_factor=2 if width < 500 else 1,
    )
    page = context.new_page()
    if shot.email:
        sign_in(page, shot.email)
    answer = page.goto(shot.address)
    if answer is None or answer.status != 200:
        sys.exit(f"{shot.address} answered {answer.status if answer else 'nothing'}")
    for name in shot.follow:
        page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_load_state("networkidle")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(700)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{shot.name}.png", optimize=True)
    context.close()


def sign_in(page: Page, email: str) -> None:
    """Sign in with the demo's password."""
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill("lectern-demo")
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)


if __name__ == "__main__":
    main()
