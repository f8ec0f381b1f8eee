"""A decision is taken back with the button of its toast, with JavaScript and without."""

from playwright.sync_api import expect

from domain.authoring import submission
from models import Course, ModerationItem, User, db
from tests.accessibility import Window, tried_with
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in


@tried_with("js-phone")
def test_undo(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    with house.app.app_context():
        nia = db.session.get_one(User, cast.nia.id)
        submission.submit(db.session.get_one(Course, cast.draft_course.id), nia)
        db.session.commit()
    mo = visitor(**window)
    sign_in(mo, "mo@example.com")
    mo.goto("/admin/moderation")
    mo.get_by_role("link", name="Secret draft").click()
    mo.get_by_label("Notes").fill("Well done.")
    mo.get_by_role("button", name="Approve").click()
    expect(mo.get_by_role("heading", name="The queue is empty")).to_be_visible()
    expect(mo.get_by_text("It takes effect in ten seconds.")).to_be_visible()
    mo.get_by_role("button", name="Undo").click()
    expect(mo.get_by_role("heading", name="Secret draft", level=1)).to_be_visible()
    expect(mo.get_by_text("claimed by you")).to_be_visible()
    expect(mo.get_by_role("button", name="Approve")).to_be_visible()
    with house.app.app_context():
        item = db.session.scalars(db.select(ModerationItem)).one()
        assert (item.verdict, item.decision) == (None, None)
        assert db.session.get_one(Course, cast.draft_course.id).status == "pending_review"
