"""The wishlist: putting courses on it, the list, and word of a sale to those who want it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, func, select

import jobs
from domain import Refused
from domain.authoring import course_price
from domain.base import clock
from domain.cart import wishlist
from domain.learning import access, enrollment
from domain.platform import consents
from models import (
    AccessGrant,
    ConsentSource,
    Course,
    EmailMessage,
    EmailStatus,
    GrantSource,
    Job,
    Notification,
    NotificationKind,
    ProductStatus,
    ProductVisibility,
    Role,
    User,
    WishlistItem,
    db,
)
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]
PAGE = "/courses/flask-first-steps"
WISH = f"{PAGE}/wish"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def items(app: Flask) -> list[WishlistItem]:
    with app.app_context():
        return list(db.session.scalars(select(WishlistItem)))


def change(app: Flask, cast: Cast, **values: object) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        for name, value in values.items():
            setattr(course, name, value)
        db.session.commit()


def test_the_heart_on_the_course_page(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    assert "Add to wishlist" in cy.get(PAGE).text
    for _ in range(2):
        answer = cy.post(WISH, data={"wished": "yes"})
        assert answer.status_code == 303
        assert answer.location == PAGE
    assert [(i.user_id, i.product_id, i.notify_sale) for i in items(app)] == [
        (cast.cy.id, cast.flask_course.id, True)
    ]
    assert "On your wishlist" in cy.get(PAGE).text
    gone = cy.post(WISH, data={"wished": "no"}, headers=HTMX)
    assert gone.status_code == 200
    assert gone.text.lstrip().startswith("<form")
    assert "Add to wishlist" in gone.text
    assert items(app) == []


def test_a_stranger_signs_in_and_presses_once_more(client: FlaskClient, cast: Cast) -> None:
    assert f'href="{WISH}"' in client.get(PAGE).text
    away = client.get(WISH)
    assert away.location == "/login?next=/courses/flask-first-steps/wish"
    back = client.post(away.location, data={"email": "cy@example.com", "password": "a long enough password"})
    assert back.location == WISH
    page = client.get(WISH)
    assert f'action="{WISH}"' in page.text
    assert client.post(WISH, data={"wished": "yes"}).location == PAGE


def test_what_is_ones_own_is_not_wished_for(app: Flask, cast: Cast, signed_in: Browser) -> None:
    for person in (cast.ada, cast.bo):
        browser = signed_in(person)
        assert "wishlist/" not in browser.get(PAGE).text
        assert "Add to wishlist" not in browser.get(PAGE).text
        assert browser.post(WISH, data={"wished": "yes"}).status_code == 303
    assert signed_in(cast.cy).post("/courses/secret-draft/wish", data={"wished": "yes"}).status_code == 404
    assert items(app) == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"status": ProductStatus.ARCHIVED}, "This course isn’t for sale right now."),
        ({"status": ProductStatus.EXPIRED}, "its creator needs to update it first."),
        ({"expires_at": clock.now() - timedelta(days=1)}, "its creator needs to update it first."),
        ({"visibility": ProductVisibility.MEMBERS_ONLY}, "only available to members."),
    ],
)
def test_what_its_page_does_not_offer_is_not_wished_for(
    app: Flask, cast: Cast, signed_in: Browser, values: dict[str, object], sentence: str
) -> None:
    cy = signed_in(cast.cy)
    cy.post(WISH, data={"wished": "yes"})
    change(app, cast, **values)
    assert "On your wishlist" in cy.get(PAGE).text
    cy.post(WISH, data={"wished": "no"})
    assert items(app) == []
    assert "Add to wishlist" not in cy.get(PAGE).text
    asked = cy.get(WISH).text
    assert sentence in asked
    assert f'action="{WISH}"' not in asked
    assert cy.post(WISH, data={"wished": "yes"}).location == PAGE
    assert sentence in cy.get(PAGE).text
    assert cy.post(WISH, data={"wished": "yes"}, headers=HTMX).headers["HX-Redirect"] == PAGE
    assert items(app) == []


@pytest.mark.parametrize("privilege", ["role", "access_override"])
def test_who_may_open_every_course_wishes_for_none(
    app: Flask, cast: Cast, signed_in: Browser, privilege: str
) -> None:
    cy = signed_in(cast.cy)
    with app.app_context():
        person = db.session.get_one(User, cast.cy.id)
        setattr(person, privilege, Role.ADMIN if privilege == "role" else True)
        db.session.commit()
    for answer in (cy.get(PAGE), cy.get(WISH)):
        assert "You have access to every course." in answer.text
        assert "Add to wishlist</" not in answer.text
    assert cy.post(WISH, data={"wished": "yes"}).location == PAGE
    assert items(app) == []


def test_a_list_has_an_end(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wishlist, "MOST", 1)
    with app.app_context():
        wishlist.add(db.session.get_one(User, cast.cy.id), db.session.get_one(Course, cast.free_course.id))
        with pytest.raises(Refused, match="can hold 1"):
            wishlist.add(
                db.session.get_one(User, cast.cy.id), db.session.get_one(Course, cast.flask_course.id)
            )


def test_the_list(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    assert "Your wishlist is empty" in cy.get("/wishlist").text
    cy.post(WISH, data={"wished": "yes"})
    change(
        app,
        cast,
        sale_price_cents=900,
        reference_price_cents=1900,
        sale_ends_at=clock.now() + timedelta(days=3),
    )
    page = cy.get("/wishlist").text
    assert "$9.00" in page
    assert "$19.00" in page
    assert "Sale" in page
    assert 'action="/checkout"' in page
    address = f"/wishlist/{cast.flask_course.id}"
    assert 'aria-pressed="true"' in page
    answer = cy.post(f"{address}/notify", data={"notify": "no"}, headers=HTMX)
    assert 'aria-pressed="false"' in answer.text
    assert cy.post(f"{address}/remove").location == "/wishlist"
    assert items(app) == []


@pytest.mark.parametrize(
    ("values", "linked"),
    [
        ({"status": ProductStatus.ARCHIVED}, True),
        ({"status": ProductStatus.EXPIRED}, True),
        ({"expires_at": clock.now() - timedelta(days=1)}, True),
        ({"visibility": ProductVisibility.MEMBERS_ONLY}, True),
        ({"visibility": ProductVisibility.PRIVATE}, False),
        ({"deleted_at": clock.now()}, False),
    ],
)
def test_what_is_not_sold_any_longer_says_so(
    app: Flask, cast: Cast, signed_in: Browser, values: dict[str, object], linked: bool
) -> None:
    cy = signed_in(cast.cy)
    cy.post(WISH, data={"wished": "yes"})
    change(app, cast, **values)
    page = cy.get("/wishlist").text
    assert "Not for sale" in page
    assert 'action="/checkout"' not in page
    assert (f'href="{PAGE}"' in page) == linked


def test_the_list_of_somebody_else_is_out_of_reach(app: Flask, cast: Cast, signed_in: Browser) -> None:
    signed_in(cast.cy).post(WISH, data={"wished": "yes"})
    una = signed_in(cast.una)
    assert una.post(f"/wishlist/{cast.flask_course.id}/notify", data={"notify": "no"}).status_code == 404
    una.post(f"/wishlist/{cast.flask_course.id}/remove")
    assert una.get(f"/wishlist?before={cast.flask_course.id}").status_code == 404
    assert len(items(app)) == 1
    assert items(app)[0].notify_sale


def test_long_lists_come_in_pages_with_few_queries(
    app: Flask, cast: Cast, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    cy = signed_in(cast.cy)
    monkeypatch.setattr(wishlist, "PER_PAGE", 1)
    for slug in ("flask-first-steps", "reading-code"):
        cy.post(f"/courses/{slug}/wish", data={"wished": "yes"})
    first = cy.get("/wishlist").text
    assert "Reading code" in first
    assert "Flask, first steps" not in first
    after = f"/wishlist?before={cast.free_course.id}"
    assert after in first
    sent: list[str] = []
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    second = cy.get(after).text
    assert "Flask, first steps" in second
    assert "Newest" in second
    assert len([s for s in sent if not s.startswith("BEGIN")]) <= 4


def test_what_is_taken_leaves_the_list(app: Flask, cast: Cast) -> None:
    with app.app_context():
        cy = db.session.get_one(User, cast.cy.id)
        for course in (cast.free_course, cast.flask_course):
            wishlist.add(cy, db.session.get_one(Course, course.id))
        enrollment.enroll_free(cy, db.session.get_one(Course, cast.free_course.id))
        db.session.commit()
        assert [row.id for row in wishlist.page_of(cy).rows] == [cast.flask_course.id]
        access.revoke_grant(db.session.scalars(select(AccessGrant).where(AccessGrant.user_id == cy.id)).one())
        assert len(wishlist.page_of(cy).rows) == 2


def wish(app: Flask, cast: Cast, people: list[User], **more: object) -> None:
    with app.app_context():
        for one in people:
            db.session.add(WishlistItem(user_id=one.id, product_id=cast.flask_course.id, **more))
        db.session.commit()


def sell(app: Flask, cast: Cast, days: int = 5, price: int = 950) -> None:
    """Save a sale price as the form does, and do the jobs but for sending mail."""
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        course.sale_price_cents, course.sale_ends_at = price, clock.now() + timedelta(days=days)
        course.reference_price_cents = 1900
        course_price.announce_sale(course)
        db.session.commit()
        jobs.run_all()


def told(app: Flask) -> list[Notification]:
    with app.app_context():
        of_sales = select(Notification).where(Notification.kind == NotificationKind.WISHED_SALE)
        return list(db.session.scalars(of_sales))


def test_a_sale_is_told_of_once(app: Flask, cast: Cast) -> None:
    wish(app, cast, [cast.cy, cast.una])
    wish(app, cast, [cast.mo], notify_sale=False)
    sell(app, cast)
    assert {row.user_id for row in told(app)} == {cast.cy.id, cast.una.id}
    assert told(app)[0].title == "“Flask, first steps” is on sale"
    assert "50% off" in told(app)[0].message
    sell(app, cast, days=6)
    assert len(told(app)) == 2


def test_the_next_sale_is_told_of_again(app: Flask, cast: Cast) -> None:
    wish(app, cast, [cast.cy], told_of_sale_ending=clock.now() - timedelta(days=1))
    sell(app, cast)
    assert len(told(app)) == 1


def agree(app: Flask, *people: User) -> None:
    with app.app_context():
        for one in people:
            consents.give(db.session.get_one(User, one.id), ConsentSource.ACCOUNT)
        db.session.commit()


def sale_mails(app: Flask) -> list[EmailMessage]:
    with app.app_context():
        of_sales = select(EmailMessage).where(EmailMessage.template == "wished_sale")
        return list(db.session.scalars(of_sales.order_by(EmailMessage.recipient)))


def test_who_agreed_to_offers_is_mailed_too(app: Flask, cast: Cast) -> None:
    wish(app, cast, [cast.bo, cast.cy, cast.una])
    with app.app_context():
        db.session.execute(delete(AccessGrant))
        db.session.commit()
    agree(app, cast.bo, cast.una)
    sell(app, cast)
    assert len(told(app)) == 3
    (mail,) = sale_mails(app)  # una's address isn't confirmed
    assert (mail.recipient, mail.status) == ("bo@example.com", EmailStatus.SENT)
    assert mail.subject == "“Flask, first steps” is on sale"
    assert mail.data["saved"] == "50% off"


def test_mail_about_a_sale_that_is_over_is_not_sent(app: Flask, cast: Cast) -> None:
    wish(app, cast, [cast.cy])
    agree(app, cast.cy)
    with app.app_context():
        mails = written(app, cast)
        assert mails.condition == "sale_is_on"
        db.session.get_one(Course, cast.flask_course.id).sale_price_cents = None
        db.session.get_one(Course, cast.flask_course.id).sale_ends_at = None
        db.session.commit()
        jobs.run_all()
    (mail,) = sale_mails(app)
    assert (mail.status, mail.error) == (EmailStatus.SKIPPED, "The sale is over.")


def test_mail_about_a_sale_that_ends_earlier_by_now_is_not_sent(app: Flask, cast: Cast) -> None:
    wish(app, cast, [cast.cy])
    agree(app, cast.cy)
    with app.app_context():
        written(app, cast)
        course = db.session.get_one(Course, cast.flask_course.id)
        course.sale_ends_at = clock.now() + timedelta(days=2)
        db.session.commit()
        jobs.run_all()
    assert sale_mails(app)[0].error == "The sale ends earlier than the message says."


def test_mail_about_a_sale_whose_price_has_changed_is_not_sent(app: Flask, cast: Cast) -> None:
    wish(app, cast, [cast.cy])
    agree(app, cast.cy)
    with app.app_context():
        written(app, cast)
        db.session.get_one(Course, cast.flask_course.id).sale_price_cents = 1700
        db.session.commit()
        jobs.run_all()
    (mail,) = sale_mails(app)
    assert (mail.status, mail.error) == (
        EmailStatus.SKIPPED, "The price has changed since the message was written.",
    )  # fmt: skip


def test_mail_about_a_sale_is_not_sent_in_the_next_one(app: Flask, cast: Cast) -> None:
    wish(app, cast, [cast.cy])
    agree(app, cast.cy)
    with time_machine.travel(clock.now(), tick=False) as moment, app.app_context():
        written(app, cast)
        moment.shift(timedelta(days=6))
        course = db.session.get_one(Course, cast.flask_course.id)
        course.sale_price_cents, course.sale_ends_at = 1800, clock.now() + timedelta(days=5)
        db.session.commit()
        jobs.run_all()
    (mail,) = sale_mails(app)
    assert (mail.status, mail.error) == (EmailStatus.SKIPPED, "The sale is over.")


@pytest.mark.parametrize("change", ["bought", "removed", "muted"])
def test_mail_about_a_sale_is_not_sent_to_who_has_no_use_for_it(app: Flask, cast: Cast, change: str) -> None:
    wish(app, cast, [cast.cy])
    agree(app, cast.cy)
    with app.app_context():
        written(app, cast)
        if change == "bought":
            access.grant(cast.cy.id, cast.flask_course.id, GrantSource.FREE, cast.flask_course.id)
        elif change == "removed":
            wishlist.remove(cast.cy.id, cast.flask_course.id)
        else:
            wishlist.notify(db.session.get_one(User, cast.cy.id), cast.flask_course.id, wanted=False)
        db.session.commit()
        jobs.run_all()
    (mail,) = sale_mails(app)
    assert mail.status == EmailStatus.SKIPPED
    assert "no longer want" in (mail.error or "")


def written(app: Flask, cast: Cast) -> EmailMessage:
    """Put the course on sale and write the mail about it, without sending it."""
    course = db.session.get_one(Course, cast.flask_course.id)
    course.sale_price_cents, course.sale_ends_at = 950, clock.now() + timedelta(days=5)
    course.reference_price_cents = 1900
    db.session.flush()
    wishlist.tell_of_sale(str(course.id))
    db.session.commit()
    return db.session.scalars(select(EmailMessage)).one()


def test_many_wishers_are_told_in_batches(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wishlist, "TOLD_AT_ONCE", 2)
    wish(app, cast, [cast.cy, cast.una, cast.mo, cast.nia])
    sell(app, cast)
    assert len(told(app)) == 4
    with app.app_context():
        of_sales = select(func.count()).where(Job.kind == "tell_of_sale")
        assert db.session.scalar(of_sales) == 3


@pytest.mark.parametrize(
    "values", [{"status": ProductStatus.ARCHIVED}, {"visibility": ProductVisibility.PRIVATE}]
)
def test_what_nobody_can_buy_is_no_news(app: Flask, cast: Cast, values: dict[str, object]) -> None:
    wish(app, cast, [cast.cy])
    change(app, cast, **values)
    sell(app, cast)
    assert told(app) == []
