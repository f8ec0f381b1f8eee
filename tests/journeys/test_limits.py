"""A paste that is too long stays whole: the page says by how much, the server why."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from domain.base import text
from tests.accessibility import every_way
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

Visitor = Callable[..., Page]
TEXTS = (
    "plain", "𝒚" * 40, "e\u0301" * 40, "\U0001f469\u200d\U0001f467" * 9, "a\r\nb\r\n" * 20,
    " \t words   apart \n\n",
    "\u202eturned\u2069", "\x00\x07\x1b\x85", "\ufdd0\U0001fffe", "\u2028lines\u2029", "\ufeffmark",
    " \n \n  indented\n", "x\u00ad\u200d", "\u3000\u00a0wide\u3000",
)  # fmt: skip


def paste(page: Page, control: str, value: str) -> None:
    page.locator(control).focus()
    page.evaluate("document.activeElement.select()")
    page.keyboard.insert_text(value)


def test_a_paste_beyond_the_limit_stays_whole(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}")
    line = page.locator("#summary-limit")
    expect(line).to_be_hidden()
    paste(page, "#summary", "x" * 225)
    expect(line).to_have_text("75 characters left.")
    pasted = "x" * 300 + "𝒚END"
    paste(page, "#summary", pasted)
    expect(page.locator("#summary")).to_have_value(pasted)
    expect(line).to_have_text("4 characters too many.")
    expect(page.get_by_role("status").filter(has_text="4 characters too many.")).to_have_count(1)
    assert every_way(page) == []
    page.get_by_label("Title").press("Enter")
    expect(page.locator("#summary-error")).to_contain_text("Use at most 300 characters.")
    expect(page.locator("#summary")).to_have_value(pasted)
    expect(line).to_have_text("4 characters too many.")


def test_without_scripts_the_limit_is_said(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor(javascript=False)
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}")
    expect(page.locator("#summary-limit")).to_have_text("At most 300 characters.")
    expect(page.locator("#summary-limit")).to_be_visible()


def test_both_sides_count_alike(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}")
    count = """([kept, text]) => {
      const control = Object.assign(document.createElement("textarea"), {id: "tried"});
      Object.assign(control.dataset, {limit: "1", kept});
      const line = Object.assign(document.createElement("p"), {id: "tried-limit"});
      document.body.append(control, line);
      control.value = text;
      control.dispatchEvent(new Event("input", {bubbles: true}));
      const said = line.textContent;
      control.remove(); line.remove();
      return said;
    }"""
    cleaned = {"one_line": text.one_line, "paragraphs": text.paragraphs, "markdown": text.markdown_source}
    for kept, clean in cleaned.items():
        for typed in TEXTS:
            padded = f"{typed}zz{typed}zz"
            left = 1 - len(clean(padded))
            word = "character" if left == -1 else "characters"
            assert page.evaluate(count, [kept, padded]) == f"{-left} {word} too many.", (kept, padded)


def test_lines_and_bytes_are_counted_as_the_server_does(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}")
    lines, bytes_ = page.locator("#objectives-limit"), page.locator("#description-limit")
    expect(lines).to_be_hidden()
    expect(lines).to_have_text("At most 20 lines of 200 characters.")
    paste(page, "#objectives", "\n".join(f"Line {n}" for n in range(15)) + "\n\n  \nLine 3\n")
    expect(lines).to_have_text("5 lines left.")
    paste(page, "#objectives", "\n".join(f"Line {n}" for n in range(22)))
    expect(lines).to_have_text("2 lines too many.")
    paste(page, "#objectives", "Fine\n\n  " + "𝒚" * 203)
    expect(lines).to_have_text("Line 3: 3 characters too many.")
    expect(lines).to_be_visible()
    expect(bytes_).to_be_hidden()
    paste(page, "#description", "ä" * 100_000 + "€")
    expect(bytes_).to_have_text("3 bytes too many.")
    assert len(("ä" * 100_000 + "€").encode()) == 200_003
    page.get_by_label("Title").press("Enter")
    expect(page.locator("#description-error")).to_contain_text("200,003 bytes, which is 3 too many")
    expect(page.locator("#objectives-error")).to_contain_text("Use at most 200 characters per line.")
    expect(page.locator("#objectives")).to_have_value("Fine\n\n  " + "𝒚" * 203)
