"""The claim link: who may accept, pass on and exchange; what is guessed, used up or somebody else's."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine

from domain.base import signing
from domain.gifts import claiming, exchange, locking
from domain.learning import comp_access
from models import Course, Enrollment, Gift, Order, Product, Purchase, User, db
from tables import base
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.checkout.shop import at_once
from tests.gifts.shop import GiftShop

ZOE = "zoe@example.com"
YAN = "yan@example.com"
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def put_on_sale(gifts: GiftShop, course: Course, cents: int) -> None:
    with gifts.writing() as session:
        session.execute(update(Product).where(Product.id == course.id).values(price_cents=cents))


def test_whoever_has_the_link_accepts_with_any_account(gifts: GiftShop, cast: Cast) -> None:
    line_id = gifts.give(cast.bo, cast.flask_course, ZOE, "Have <fun>")
    path = gifts.link(ZOE)
    visitor = gifts.app.test_client()
    page = visitor.get(path)
    assert page.status_code == 200
    assert "Have &lt;fun&gt;" in page.text
    assert f"/register?next={path}" in page.text
    assert visitor.post(path).status_code == 303  # to signing in, and back
    cy = gifts.signed_in(cast.cy)
    assert "Accept the present" in cy.get(path).text
    answer = cy.post(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/learn/flask-first-steps")
    assert cy.get("/learn/flask-first-steps").status_code == 302  # to the first lesson
    gift = gifts.gift(line_id)
    assert gift.claimed_by_id == gift.purchase.owner_id == cast.cy.id
    assert gift.next_mail_at is None
    assert gifts.grants(cast.cy, cast.flask_course) == ["gift"]
    (told,) = gifts.mails("gift_claimed")
    assert told.recipient == cast.bo.email
    assert "cy" not in str(told.data).lower()
    assert "You’ve accepted it" in cy.get(path).text
    assert cy.post(path).status_code == 303  # twice changes nothing
    assert len(gifts.mails("gift_claimed")) == 1
    assert gifts.grants(cast.bo, cast.flask_course) == ["purchase"]


def test_a_second_person_comes_too_late(gifts: GiftShop, cast: Cast) -> None:
    gifts.give(cast.bo, cast.flask_course, ZOE)
    path = gifts.link(ZOE)
    gifts.signed_in(cast.cy).post(path)
    nia = gifts.signed_in(cast.nia)
    refused = nia.post(path)
    assert refused.status_code == 422
    assert "Somebody has already accepted this" in refused.text
    assert "Cy" not in refused.text
    assert gifts.grants(cast.nia, cast.flask_course) == []


def test_an_address_has_to_be_confirmed_first(gifts: GiftShop, cast: Cast) -> None:
    gifts.give(cast.bo, cast.flask_course, ZOE)
    una = gifts.signed_in(cast.una)
    assert "First open the link" in una.get(gifts.link(ZOE)).text
    assert una.post(gifts.link(ZOE)).status_code == 422
    assert gifts.grants(cast.una, cast.flask_course) == []


def test_the_giver_does_not_accept_their_own(gifts: GiftShop, cast: Cast) -> None:
    line_id = gifts.give(cast.cy, cast.flask_course, ZOE)
    cy = gifts.signed_in(cast.cy)
    page = cy.post(gifts.link(ZOE))
    assert page.status_code == 422
    assert "somebody else has to accept it" in page.text
    assert f"/gifts/given/{line_id}" in page.text
    assert gifts.gift(line_id).purchase.owner_id is None


def test_a_receiver_who_has_it_passes_it_on_and_the_giver_isnt_told_to_whom(
    gifts: GiftShop, cast: Cast
) -> None:
    line_id = gifts.give(cast.cy, cast.flask_course, cast.bo.email, "For you, Bo")
    first = gifts.link(cast.bo.email)
    bo = gifts.signed_in(cast.bo)
    assert "Pass it on" in bo.get(first).text
    assert bo.post(first).status_code == 422
    wrong = bo.post(f"{first}/pass-on", data={"recipient": "nobody", "message": "visit evil.com"})
    assert wrong.status_code == 422
    assert "visit evil.com" in wrong.text
    linked = bo.post(f"{first}/pass-on", data={"recipient": YAN, "message": "visit evil.com"})
    assert "Leave out web" in linked.text
    assert bo.post(f"{first}/pass-on", data={"recipient": YAN, "message": "Enjoy"}).status_code == 303
    (arrived,) = gifts.mails("gift_arrived", YAN)
    assert (arrived.data["sender"], arrived.data["message"]) == ("Bo", "Enjoy")
    assert bo.get(first).status_code == 410
    cys = gifts.signed_in(cast.cy).get(f"/gifts/given/{line_id}").text
    assert "passed it on" in cys
    with gifts.app.app_context():
        number = db.session.scalars(select(Order.number).join(Purchase).where(Purchase.id == line_id)).one()
    assert YAN not in gifts.signed_in(cast.cy).get(f"/orders/{number}").text
    assert YAN not in cys
    assert (
        gifts.signed_in(cast.cy).post(f"/gifts/given/{line_id}", data={"recipient": ZOE}).status_code == 404
    )
    assert YAN in bo.get(f"/gifts/given/{line_id}").text
    assert gifts.signed_in(cast.nia).post(gifts.link(YAN)).status_code == 303
    assert sorted(message.recipient for message in gifts.mails("gift_claimed")) == [
        "bo@example.com", "cy@example.com",
    ]  # fmt: skip


def test_a_receiver_who_has_it_takes_something_else_by_the_same_creator(gifts: GiftShop, cast: Cast) -> None:
    put_on_sale(gifts, cast.free_course, 1900)
    line_id = gifts.give(cast.cy, cast.flask_course, ZOE)
    path, bo = gifts.link(ZOE), gifts.signed_in(cast.bo)
    assert "Reading code, $19.00" in bo.get(path).text
    answer = bo.post(f"{path}/exchange", data={"product": str(cast.free_course.id)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/learn/reading-code")
    gift = gifts.gift(line_id)
    assert gift.exchanged_from_id == cast.flask_course.id
    assert gift.purchase.product_id == cast.free_course.id
    assert gifts.grants(cast.bo, cast.free_course) == ["gift"]
    with gifts.app.app_context():
        sold = {p.slug: p.purchase_count for p in db.session.scalars(select(Product))}
        assert (sold["flask-first-steps"], sold["reading-code"]) == (1, 1)
    assert gifts.wrong_books() == []
    gifts.refund(line_id)
    assert gifts.grants(cast.bo, cast.free_course) == []


@pytest.mark.parametrize("cents", [0, 1901])
def test_what_costs_more_or_nothing_is_not_taken_instead(gifts: GiftShop, cast: Cast, cents: int) -> None:
    put_on_sale(gifts, cast.free_course, cents)
    line_id = gifts.give(cast.cy, cast.flask_course, ZOE)
    path, bo = gifts.link(ZOE), gifts.signed_in(cast.bo)
    assert "Reading code" not in bo.get(path).text
    for wanted in (cast.free_course.id, cast.draft_course.id, cast.flask_course.id, uuid.uuid4(), "x"):
        assert bo.post(f"{path}/exchange", data={"product": str(wanted)}).status_code == 422
    with gifts.writing() as session:
        person = session.get_one(User, cast.bo.id)
        gift = claiming.find(path.rsplit("/", 1)[1])
        for wanted in (cast.free_course.id, cast.draft_course.id):
            with pytest.raises(claiming.Refused):
                exchange.exchange(person, path.rsplit("/", 1)[1], wanted)
        assert gift.claimed_at is None
    assert gifts.gift(line_id).purchase.owner_id is None


def test_the_rest_of_a_bundle_is_not_taken_instead(gifts: GiftShop, cast: Cast) -> None:
    """The line's share names the course that was given, so a bundle would open just that one again."""
    with gifts.writing():
        other = make_course(cast, "Second steps", 1900)
        bundle_id = make_bundle(cast, [cast.flask_course.id, other.id], price=1900).id
    line_id = gifts.give(cast.cy, cast.flask_course, ZOE)
    path, bo = gifts.link(ZOE), gifts.signed_in(cast.bo)
    page = bo.get(path).text
    assert ("Second steps" in page, "Web bundle" in page) == (True, False)
    assert bo.post(f"{path}/exchange", data={"product": str(bundle_id)}).status_code == 422
    with gifts.writing() as session, pytest.raises(claiming.Refused):
        exchange.exchange(session.get_one(User, cast.bo.id), path.rsplit("/", 1)[1], bundle_id)
    assert gifts.gift(line_id).claimed_at is None


def test_only_who_has_it_passes_on_or_exchanges(gifts: GiftShop, cast: Cast) -> None:
    put_on_sale(gifts, cast.free_course, 900)
    gifts.give(cast.bo, cast.flask_course, ZOE)
    path, cy = gifts.link(ZOE), gifts.signed_in(cast.cy)
    assert cy.post(f"{path}/pass-on", data={"recipient": YAN}).status_code == 422
    assert cy.post(f"{path}/exchange", data={"product": str(cast.free_course.id)}).status_code == 422
    assert gifts.mails("gift_arrived", YAN) == []
    assert gifts.grants(cast.cy, cast.free_course) == []


def test_access_for_a_while_is_no_reason_to_refuse(gifts: GiftShop, cast: Cast) -> None:
    with gifts.writing() as session:
        cy, mo = session.get_one(User, cast.cy.id), session.get_one(User, cast.mo.id)
        until = datetime.now(UTC) + timedelta(days=3)
        comp_access.give_access(cy, session.get_one(Course, cast.flask_course.id), until, mo)
    gifts.give(cast.bo, cast.flask_course, ZOE)
    assert gifts.signed_in(cast.cy).post(gifts.link(ZOE)).status_code == 303
    assert gifts.grants(cast.cy, cast.flask_course) == ["complimentary", "gift"]


def test_guesses_are_refused_and_counted(gifts: GiftShop, cast: Cast) -> None:
    gifts.give(cast.bo, cast.flask_course, ZOE)
    path, cy = gifts.link(ZOE), gifts.signed_in(cast.cy)
    most = gifts.app.config["SETTINGS"].login_address_limit
    assert cy.get(path + "x").status_code == 410
    for _ in range(most):
        assert cy.post("/gifts/claim/W10.forged").status_code == 410
    assert cy.post("/gifts/claim/W10.forged").status_code == 429
    assert cy.post(path).status_code == 429
    assert gifts.app.test_client().get(path).status_code == 429
    assert gifts.grants(cast.cy, cast.flask_course) == []


def test_signed_words_of_another_shape_are_no_link(gifts: GiftShop, cast: Cast) -> None:
    gifts.give(cast.bo, cast.flask_course, ZOE)
    visitor = gifts.app.test_client()
    with gifts.app.app_context():
        signer = signing.undated_serializer("lectern.gift")
        nobody = uuid.uuid4().hex
        strange: list[Any] = [None, [], {}, 7, [7, 7], [nobody, "x"], [nobody, 1], ["", []]]
        tokens = [signer.dumps(content) for content in strange]
        tokens.append(signing.undated_serializer("lectern.other").dumps([nobody, 1]))
    assert {visitor.get(f"/gifts/claim/{token}").status_code for token in tokens} <= {404, 410}


@pytest.fixture
def without_lock(gifts: GiftShop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""

    def look(purchase_id: uuid.UUID, _person: User) -> Gift:
        found = select(Gift).where(Gift.purchase_id == purchase_id)
        return db.session.scalars(
            found.options(
                db.selectinload(Gift.purchase).joinedload(Purchase.product).joinedload(Product.creator),
                db.selectinload(Gift.sender),
            )
        ).one()

    monkeypatch.setattr(locking, "lock", look)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


def claimed_at_once(
    gifts: GiftShop, cast: Cast, monkeypatch: pytest.MonkeyPatch, patience: float
) -> list[Any]:
    """Two people accept one gift at the same moment: both have read it before either writes, if they can."""
    gifts.give(cast.bo, cast.flask_course, ZOE)
    path, met, real = gifts.link(ZOE), threading.Barrier(2), claiming.refuse_unless

    def look_and_wait(*args: Any) -> None:
        real(*args)
        with suppress(threading.BrokenBarrierError):
            met.wait(patience)

    monkeypatch.setattr(claiming, "refuse_unless", look_and_wait)
    calls: list[Callable[[], Any]] = [
        partial(gifts.signed_in(person).post, path) for person in (cast.cy, cast.nia)
    ]
    return [getattr(answer, "status_code", answer) for answer in at_once(*calls)]


def holders(gifts: GiftShop, cast: Cast) -> int:
    return sum(len(gifts.grants(person, cast.flask_course)) for person in (cast.cy, cast.nia))


def test_of_two_who_accept_at_once_exactly_one_gets_it(
    gifts: GiftShop, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(claimed_at_once(gifts, cast, monkeypatch, 1.5)) == [303, 422]
    assert holders(gifts, cast) == 1
    assert gifts.count(Enrollment, Enrollment.course_id == cast.flask_course.id) == 2  # bo's and theirs


def test_without_the_lock_two_get_it(
    gifts: GiftShop, cast: Cast, monkeypatch: pytest.MonkeyPatch, without_lock: None
) -> None:
    claimed_at_once(gifts, cast, monkeypatch, 10)
    assert holders(gifts, cast) == 2
    assert gifts.wrong_books() != []
    gifts.falsified = True


def test_after_a_year_the_giver_may_keep_it(gifts: GiftShop, cast: Cast) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        line_id = gifts.give(cast.cy, cast.flask_course, ZOE)
        cy = gifts.signed_in(cast.cy)
        time.shift(timedelta(days=364))
        cy = gifts.signed_in(cast.cy)
        assert cy.post(f"/gifts/given/{line_id}/keep").status_code == 422
        time.shift(timedelta(days=1))
        cy = gifts.signed_in(cast.cy)
        assert "Keep it yourself" in cy.get(f"/gifts/given/{line_id}").text
        assert cy.post(f"/gifts/given/{line_id}/keep").status_code == 303
        assert gifts.grants(cast.cy, cast.flask_course) == ["gift"]
        assert gifts.mails("gift_claimed") == []
