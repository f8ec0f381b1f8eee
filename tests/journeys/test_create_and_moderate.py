"""Journeys 2 and 3: a learner applies to teach, writes a course, corrects it, sells it and renews it."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from models import MediaAsset, MediaStatus, db
from tests.accessibility import Window, tried_with
from tests.cast import Cast
from tests.course_folders import archive, picture
from tests.decisions import carried_out_at_once  # noqa: F401
from tests.journeys import films
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in, until

pytestmark = pytest.mark.usefixtures("carried_out_at_once")

TITLE = "Templates that last"
TEXT = "## Blocks\n\nOne layout.\n\n```html\n{% extends 'base.html' %}\n```\n"
NOTES = "Say in the first lesson what a block is."


@dataclass
class Files:
    """What a creator has on their disk."""

    folder: Path

    def __post_init__(self) -> None:
        films.shoot(self.film, seconds=2)
        self.captions.write_text("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nA square moves.\n")
        self.cover.write_bytes(picture())
        self.code.write_bytes(archive({"site/base.html": b"<h1>{% block title %}{% endblock %}</h1>\n"}))
        self.sheet.write_bytes(b"block, extends, include\n")

    film = property(lambda self: self.folder / "square.mp4")
    captions = property(lambda self: self.folder / "square.vtt")
    cover = property(lambda self: self.folder / "cover.png")
    code = property(lambda self: self.folder / "code.zip")
    sheet = property(lambda self: self.folder / "words.txt")


@tried_with("js-desk")
def test_a_course_from_the_first_idea_to_its_second_edition(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path, window: Window
) -> None:
    javascript: bool = window["javascript"]

    def window_of(email: str) -> Page:
        page = visitor(**window)
        sign_in(page, email)
        return page

    admin = window_of("mo@example.com")
    creator, files = window_of("cy@example.com"), Files(tmp_path)
    title, lesson, body = TITLE, "Inheritance", TEXT
    apply_to_teach(creator)
    accept(admin)
    begin(creator)
    outline(creator, lesson)
    write(creator, house, lesson, files, javascript)
    dress(creator, files, javascript)
    preview(creator, lesson)
    submit(creator, title)
    look_at(admin, title, javascript)
    ask_for_changes(admin)
    correct(creator, title, lesson, body)
    approve(admin, title)
    buyer = window_of("bo@example.com")
    buy(buyer, house, title)
    expect(buyer.get_by_role("heading", level=1)).to_have_text(lesson)
    see_the_sale(creator, title)
    bring_up_to_date(creator, title, lesson, body)
    reading = buyer.url
    buyer.reload()
    expect(buyer.get_by_text("A block is a gap with a name.")).to_be_visible()
    expect(buyer.get_by_text("The second edition.")).to_have_count(0)
    compare(admin, title)
    buyer.goto(reading)
    expect(buyer.get_by_text("The second edition.")).to_be_visible()


def apply_to_teach(page: Page) -> None:
    page.goto("/studio")
    expect(page).to_have_url(re.compile("/teach$"))
    page.get_by_label("Who are you, in one line?").fill("Templates since 2009")
    page.get_by_label("What do you know well?").fill("Jinja\nHTML")
    page.get_by_label("Where can we see your work?").fill("https://example.com/work")
    page.get_by_label("What would you teach, and how?").fill(
        "Templates, from one page to a whole site, in order."
    )
    page.get_by_label("I agree to the terms above").check()
    page.get_by_role("button", name="Send application").click()
    expect(page.get_by_role("heading", name="We’ve received your application")).to_be_visible()


def accept(page: Page) -> None:
    page.goto("/admin/moderation")
    page.get_by_role("button", name="Start with the oldest").click()
    expect(page.get_by_text("from one page to a whole site")).to_be_visible()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", name="The queue is empty")).to_be_visible()


def begin(page: Page) -> None:
    page.goto("/notifications")
    page.get_by_role("main").get_by_role("listitem").get_by_role("button").first.click()
    page.goto("/studio")
    page.get_by_role("link", name="Create your first course").click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Category").select_option(label="Web / Flask")
    page.get_by_role("button", name="Create course").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    page.get_by_label("Summary").fill("One layout, many pages.")
    page.get_by_label("Description").fill("You will write a layout and fill it, **page by page**.")
    page.get_by_role("button", name="Save details").click()
    expect(page.get_by_label("Summary")).to_have_value("One layout, many pages.")


def outline(page: Page, lesson: str) -> None:
    tab(page, "Curriculum").click()
    page.get_by_label("New module").fill("The layout")
    page.get_by_role("button", name="Add module").click()
    for title, kind in ((lesson, "Text"), ("On film", "Video")):
        field = page.get_by_label("New lesson in The layout")
        field.fill(title)
        page.get_by_label("Type of the new lesson").select_option(label=kind)
        page.get_by_role("button", name="Add lesson to The layout").click()
        expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()


def write(page: Page, house: House, lesson: str, files: Files, javascript: bool) -> None:
    """The text, a file with it; the film and its captions."""
    main = page.get_by_role("main")
    main.get_by_role("link", name=lesson, exact=True).click()
    page.locator("#body").fill(TEXT)
    page.get_by_role("checkbox", name="Published").check()
    save(page)
    upload(page, "Files", files.sheet, javascript)
    expect(page.get_by_label("Title of words")).to_be_visible()

    main.get_by_role("link", name="The layout").click()
    main.get_by_role("link", name="On film", exact=True).click()
    page.get_by_role("checkbox", name="Published").check()
    save(page)
    upload(page, "Recording", files.film, javascript)
    expect(page.get_by_text("Ready", exact=True).or_(page.get_by_text("Processing"))).to_be_visible()
    wait_for_the_worker(page, house)
    page.reload()
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    page.get_by_role("link", name="Add captions").click()
    page.get_by_label("Language").select_option("en")
    page.get_by_label("File").set_input_files(files.captions)
    page.get_by_role("button", name="Save captions").click()
    expect(page.get_by_role("link", name="English")).to_be_visible()


def dress(page: Page, files: Files, javascript: bool) -> None:
    """A picture, the code, a price."""
    tab(page, "Media").click()
    page.locator("#picture").set_input_files(files.cover)
    page.get_by_role("button", name="Save image").click()
    expect(page.get_by_role("button", name="Use the drawn cover")).to_be_visible()
    upload(page, "Archive", files.code, javascript)
    expect(page.get_by_text("code.zip").first).to_be_visible()
    tab(page, "Pricing").click()
    page.get_by_label(re.compile("^Quick skill")).check()
    page.get_by_label("Price in USD", exact=True).fill("9")
    page.get_by_role("button", name="Save pricing").click()
    expect(page.get_by_label("Price in USD", exact=True)).to_have_value("9")


def preview(page: Page, lesson: str) -> None:
    page.get_by_role("link", name="Preview as a learner").click()
    expect(page.get_by_role("note")).to_be_visible()
    page.get_by_role("link", name="Open the lessons").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(lesson)
    expect(page.get_by_role("heading", name="Blocks")).to_be_visible()


def submit(page: Page, title: str) -> None:
    page.goto("/studio/courses")
    page.get_by_role("row", name=re.compile(title)).get_by_role("link", name="Submit for review").click()
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_role("heading", name="In review")).to_be_visible()


def look_at(page: Page, title: str, javascript: bool) -> None:
    """Every lesson, in place; a film plays there."""
    page.goto("/admin/moderation")
    page.get_by_role("link", name=title).click()
    lessons = page.get_by_role("navigation", name="Lessons").get_by_role("link")
    for at in range(lessons.count()):
        name = lessons.nth(at).inner_text().strip()
        if lessons.nth(at).get_attribute("aria-current") is None:
            lessons.nth(at).click()
        expect(page.locator("#lesson-title")).to_have_text(name)
    if javascript:
        page.evaluate("document.querySelector('video').muted = true")
        page.evaluate("document.querySelector('video').play()")
        until(page, "document.querySelector('video').currentTime > 0.2")
    else:
        source = page.locator("video source").last.get_attribute("src")
        assert page.request.get(str(source)).ok


def ask_for_changes(page: Page) -> None:
    page.get_by_label("Notes").fill(NOTES)
    page.get_by_role("button", name="Request changes").click()
    expect(page.get_by_role("heading", name="The queue is empty")).to_be_visible()


def correct(page: Page, title: str, lesson: str, body: str) -> None:
    """They are told, read the notes, do what is asked, and submit it again."""
    page.goto("/notifications")
    page.get_by_role("listitem").filter(has_text=title).get_by_role("button").first.click()
    expect(page.get_by_text(NOTES).first).to_be_visible()
    page.goto("/studio")
    page.get_by_role("link", name="Read the reviewer’s notes").click()
    expect(page.get_by_text(NOTES).first).to_be_visible()
    edit(page, lesson, f"{body}\nA block is a gap with a name.\n")
    tab(page, "Publish").click()
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_role("heading", name="In review")).to_be_visible()


def approve(page: Page, title: str) -> None:
    page.goto("/admin/moderation")
    page.get_by_role("link", name=title).click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="The queue is empty")).to_be_visible()


def buy(page: Page, house: House, title: str) -> None:
    page.goto("/courses")
    page.get_by_role("main").get_by_role("link", name=title).first.click()
    page.get_by_role("button", name="Buy now").click()
    page.wait_for_url(f"{house.stripe.url}/**")
    page.get_by_role("button", name=re.compile(r"Pay \$9")).first.click()
    page.wait_for_url(f"{house.url}/checkout/success*")
    page.get_by_role("link", name="Start learning").click()


def see_the_sale(page: Page, title: str) -> None:
    page.goto("/studio")
    sales = page.get_by_role("region", name="Latest sales")
    expect(sales.get_by_role("listitem").filter(has_text=title)).to_contain_text("$6.30")
    sales.get_by_role("link", name="All sales and earnings").click()
    expect(page.get_by_role("row", name=re.compile(title))).to_contain_text("$6.30")


def bring_up_to_date(page: Page, title: str, lesson: str, body: str) -> None:
    """A change to what is on sale waits until it is looked at."""
    page.goto("/studio/courses")
    page.get_by_role("main").get_by_role("link", name=title).click()
    edit(page, lesson, f"{body}\nA block is a gap with a name.\n\nThe second edition.\n")
    tab(page, "Publish").click()
    expect(page.get_by_role("heading", name="Learners don’t see your changes yet")).to_be_visible()
    page.get_by_role("button", name="Submit changes").click()
    expect(page.get_by_role("heading", name="Your changes are in review")).to_be_visible()


def compare(page: Page, title: str) -> None:
    page.goto("/admin/moderation")
    page.get_by_role("link", name=title).click()
    expect(page.locator(".diff ins").last).to_have_text("The second edition.")
    expect(page.locator(".diff del")).to_have_count(0)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="The queue is empty")).to_be_visible()


def tab(page: Page, name: str) -> Locator:
    """One of the pages of a course, in a menu that is folded on a phone."""
    pages = page.get_by_role("navigation", name="Pages of this course")
    link = pages.get_by_role("link", name=name, exact=True)
    if not link.is_visible():
        pages.locator("summary").click()
    return link


def edit(page: Page, lesson: str, body: str) -> None:
    tab(page, "Curriculum").click()
    page.get_by_role("main").get_by_role("link", name=lesson, exact=True).click()
    page.locator("#body").fill(body)
    save(page)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("^Saved"))).to_be_visible()


def upload(page: Page, label: str, path: Path, javascript: bool) -> None:
    """In chunks with JavaScript, in one piece without."""
    form = page.locator(".uploader").filter(has=page.get_by_label(label, exact=True))
    if javascript:
        expect(form).to_have_attribute("data-prepared", "")
    form.get_by_label(label, exact=True).set_input_files(path)
    if not javascript:
        form.get_by_role("button", name="Upload").click()


def wait_for_the_worker(page: Page, house: House) -> None:
    """Until no recording is being prepared."""
    busy = select(MediaAsset.id).where(MediaAsset.status.in_((MediaStatus.UPLOADING, MediaStatus.PROCESSING)))
    for _ in range(300):
        with house.app.app_context():
            if db.session.scalar(busy.limit(1)) is None:
                return
        page.wait_for_timeout(100)
    raise AssertionError("a recording is never ready")
