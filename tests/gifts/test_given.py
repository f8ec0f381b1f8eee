"""The giver's pages: what each shows to whom, sending again, correcting the address."""

from datetime import UTC, date, datetime, timedelta

import time_machine
from sqlalchemy import text

from domain.gifts import giving
from models import User, db
from tests.cast import Cast
from tests.gifts.shop import GiftShop

ZOE = "zoe@example.com"
YAN = "yan@example.com"
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def test_nobody_has_given_anything_yet(gifts: GiftShop, cast: Cast) -> None:
    assert "No gifts yet" in gifts.signed_in(cast.cy).get("/gifts").text
    assert gifts.app.test_client().get("/gifts").status_code == 303


def test_a_list_reads_only_its_persons_gifts(gifts: GiftShop, cast: Cast) -> None:
    with gifts.app.app_context():
        query = giving._with_product().where(giving._of_theirs(db.session.get_one(User, cast.bo.id)))
        bind, on_postgresql = db.session.connection(), db.session.get_bind().dialect.name == "postgresql"
        if on_postgresql:  # the cast's tables are so small that reading them whole is cheaper
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
        compiled = query.compile(bind, compile_kwargs={"literal_binds": True, "render_postcompile": True})
        explain = "EXPLAIN" if on_postgresql else "EXPLAIN QUERY PLAN"
        plan = "\n".join(str(tuple(row)) for row in bind.exec_driver_sql(f"{explain} {compiled}"))
        for index in ("ix_gifts_sender_id_created_at", "ix_purchases_order_id"):
            assert index in plan, plan
        assert "SCAN gifts" not in plan, plan
        assert "Seq Scan" not in plan, plan


def test_both_sides_see_their_gifts(gifts: GiftShop, cast: Cast) -> None:
    line_id = gifts.give(cast.bo, cast.flask_course, ZOE)
    bo, cy = gifts.signed_in(cast.bo), gifts.signed_in(cast.cy)
    listed = bo.get("/gifts").text
    assert ZOE in listed
    assert f'href="/gifts/given/{line_id}"' in listed
    assert "Sent" in listed
    cy.post(gifts.link(ZOE))
    assert "Accepted" in bo.get("/gifts").text
    received = cy.get("/gifts").text
    assert "/learn/flask-first-steps" in received
    assert ZOE not in received


def test_other_peoples_gifts_are_not_found(gifts: GiftShop, cast: Cast) -> None:
    line_id = gifts.give(cast.bo, cast.flask_course, ZOE)
    cy, path = gifts.signed_in(cast.cy), f"/gifts/given/{line_id}"
    assert cy.get(path).status_code == 404
    for action in (path, f"{path}/resend", f"{path}/keep"):
        assert cy.post(action, data={"recipient": YAN}).status_code == 404
    assert gifts.gift(line_id).recipient == ZOE


def test_what_isnt_paid_is_not_listed(gifts: GiftShop, cast: Cast) -> None:
    gifts.order(cast.bo, cast.flask_course, ZOE)
    assert "No gifts yet" in gifts.signed_in(cast.bo).get("/gifts").text


def test_a_wrong_address_is_corrected_until_somebody_accepts(gifts: GiftShop, cast: Cast) -> None:
    line_id = gifts.give(cast.bo, cast.flask_course, ZOE, "Enjoy")
    bo, path, first = gifts.signed_in(cast.bo), f"/gifts/given/{line_id}", gifts.link(ZOE)
    wrong = bo.post(path, data={"recipient": "yan@"})
    assert wrong.status_code == 422
    assert "yan@" in wrong.text
    assert bo.post(path, data={"recipient": YAN}).status_code == 303
    assert bo.post(path, data={"recipient": YAN}).status_code == 303
    (arrived,) = gifts.mails("gift_arrived", YAN)
    assert arrived.data["message"] == "Enjoy"
    assert gifts.signed_in(cast.cy).get(first).status_code == 410
    assert gifts.signed_in(cast.cy).post(gifts.link(YAN)).status_code == 303
    late = bo.post(path, data={"recipient": ZOE})
    assert late.status_code == 422
    assert "already accepted" in late.text


def test_before_its_day_everything_changes_and_nothing_is_sent(gifts: GiftShop, cast: Cast) -> None:
    with time_machine.travel(NOON, tick=False):
        line_id = gifts.give(cast.bo, cast.flask_course, ZOE, day=date(2027, 4, 1))
        bo, path = gifts.signed_in(cast.bo), f"/gifts/given/{line_id}"
        assert "1 Apr 2027" in bo.get(path).text
        changed = {"recipient": YAN, "message": "Happy birthday", "deliver_on": "2027-03-20"}
        assert bo.post(path, data=changed).status_code == 303
        gift = gifts.gift(line_id)
        assert (gift.recipient, gift.message, gift.deliver_on) == (YAN, "Happy birthday", date(2027, 3, 20))
        assert gifts.mails("gift_arrived") == []
        past = bo.post(path, data=changed | {"deliver_on": "2027-02-20"})
        assert "That day has passed" in past.text
        assert bo.post(path, data=changed | {"deliver_on": "soon"}).status_code == 422
        assert bo.post(f"{path}/resend").status_code == 422
        assert bo.post(path, data=changed | {"deliver_on": "2027-03-01"}).status_code == 303
        assert len(gifts.mails("gift_arrived", YAN)) == 1


def test_it_is_sent_again_once_an_hour(gifts: GiftShop, cast: Cast) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        line_id = gifts.give(cast.bo, cast.flask_course, ZOE)
        bo, path = gifts.signed_in(cast.bo), f"/gifts/given/{line_id}/resend"
        assert bo.post(path).status_code == 422
        time.shift(timedelta(hours=1))
        assert bo.post(path).status_code == 303
        assert bo.post(path).status_code == 422
        first, second = gifts.mails("gift_arrived", ZOE)
        assert first.data["url"] == second.data["url"]
