"""Paying creators: what is taken, what is held back and why, and that nobody is paid twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

import jobs
from domain.base import clock
from domain.ledger import entries
from domain.payouts import connect_sync, runs
from models import (
    Course,
    Document,
    DocumentKind,
    Earning,
    EarningStatus,
    HoldCode,
    Job,
    Notification,
    PayoutHold,
    PayoutRun,
    PayoutStatus,
    PlatformSettings,
    Purchase,
    PurchaseShare,
    User,
    VatStatus,
    db,
)
from stripe_sandbox.testing import RunningSandbox
from tests.cast import Cast
from tests.payouts import making

TRANSFERS = "/v1/transfers"


def course(cast: Cast) -> Course:
    return db.session.get_one(Course, cast.flask_course.id)


def holds(user: User) -> list[HoldCode]:
    query = select(PayoutHold.code).where(PayoutHold.creator_id == user.id, PayoutHold.until.is_(None))
    return sorted(db.session.scalars(query))


def shop(**values: object) -> None:
    row = db.session.get_one(PlatformSettings, 1)
    for name, value in values.items():
        setattr(row, name, value)
    db.session.commit()


@pytest.fixture(autouse=True)
def _settings_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.platform.settings.REMEMBER_SECONDS", -1)


def test_everything_payable_is_paid_once(cast: Cast, stripe: RunningSandbox) -> None:
    account = making.able(stripe, cast.ada)
    making.sale(course(cast), 700)
    late = making.sale(course(cast), 1400, available_at=clock.now() + timedelta(days=3))
    (payout,) = making.run()
    assert (payout.amount_cents, payout.status) == (1330 + 700, PayoutStatus.PAID)
    assert payout.sums == {"sale": 2030}
    assert (payout.opening_cents, payout.closing_cents) == (0, 1400)
    (transfer,) = stripe.all("transfer")
    assert (transfer["amount"], transfer["destination"]) == (2030, account.stripe_account_id)
    assert transfer["metadata"] == {"payout_id": str(payout.id)}
    assert payout.stripe_transfer_id == transfer["id"]
    assert db.session.get_one(Earning, late.id).status == EarningStatus.PENDING
    assert making.run() == [payout]
    assert len(stripe.all("transfer")) == 1


def test_what_comes_later_is_in_the_next_one(cast: Cast, stripe: RunningSandbox) -> None:
    making.able(stripe, cast.ada)
    making.run()
    # Dated before the first payout: taken all the same, as it is in none.
    making.sale(course(cast), 1500, at=clock.now() - timedelta(days=60))
    first, second = making.run()
    assert (first.amount_cents, second.amount_cents) == (1330, 1500)
    assert (second.opening_cents, second.closing_cents, second.period_start) == (0, 0, first.period_end)


def test_who_cannot_be_paid_reads_why(cast: Cast, stripe: RunningSandbox) -> None:
    assert making.run() == []
    assert holds(cast.ada) == [HoldCode.ACCOUNT, HoldCode.PARTICULARS]
    told = select(Notification.title).where(Notification.user_id == cast.ada.id)
    assert len(db.session.scalars(told).all()) == 2
    assert making.run() == []
    assert len(db.session.scalars(told).all()) == 2
    making.able(stripe, cast.ada)
    assert len(making.run()) == 1
    assert holds(cast.ada) == []
    assert db.session.scalars(select(PayoutHold.resolution)).all() == ["No longer applies."] * 2


def test_small_sums_and_debts_wait(cast: Cast, stripe: RunningSandbox) -> None:
    making.able(stripe, cast.ada)
    shop(payout_minimum_cents=1331)
    assert making.run() == []
    assert holds(cast.ada) == [HoldCode.MINIMUM]
    entries.adjust(db.session.get_one(User, cast.ada.id), -2000, "usd", "A debt", clock.now())
    assert making.run() == []
    assert holds(cast.ada) == [HoldCode.NEGATIVE]
    making.sale(course(cast), 3000)
    (payout,) = making.run()
    assert payout.amount_cents == 1330 - 2000 + 3000


def test_suspended_creators_and_drift_hold(
    cast: Cast, stripe: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    making.able(stripe, cast.ada)
    db.session.get_one(User, cast.ada.id).suspended_at = clock.now()
    assert making.run() == []
    assert holds(cast.ada) == [HoldCode.SUSPENDED]
    db.session.get_one(User, cast.ada.id).suspended_at = None
    monkeypatch.setattr("domain.payouts.holds.drifting", lambda ids: dict.fromkeys(ids, "5 cents"))
    assert making.run() == []
    assert holds(cast.ada) == [HoldCode.DRIFT]


def test_a_disputed_sale_waits_and_others_go(cast: Cast, stripe: RunningSandbox) -> None:
    """Its line and what the bank took stay out together, until the sale was paid before."""
    making.able(stripe, cast.ada)
    line = making.sale(course(cast), 1400)
    share = db.session.get_one(PurchaseShare, line.share_id)
    purchase = db.session.get_one(Purchase, share.purchase_id)
    purchase.disputed_cents = purchase.amount_cents
    taken = Earning(
        creator_id=cast.ada.id, share_id=share.id, key=f"dispute:txn_1:{share.id.hex}", amount_cents=-1400,
        currency="usd", available_at=line.available_at,
    )  # fmt: skip
    db.session.add(taken)
    (payout,) = making.run()
    assert payout.amount_cents == 1330
    assert (line.status, taken.status) == (EarningStatus.PENDING, EarningStatus.PENDING)
    purchase.disputed_cents, purchase.refunded_cents = 0, purchase.amount_cents
    making.sale(course(cast), 1500)
    _, second = making.run()
    assert (second.amount_cents, second.sums) == (1500, {"sale": 2900, "dispute": -1400})


def test_a_dispute_after_the_payout(cast: Cast, stripe: RunningSandbox) -> None:
    """Fault 31: debited once, no transfer while the balance is negative, and the next sales absorb it."""
    making.able(stripe, cast.ada)
    (payout,) = making.run()
    share = db.session.scalars(select(PurchaseShare)).one()
    purchase = db.session.get_one(Purchase, share.purchase_id)
    purchase.disputed_cents = purchase.amount_cents
    debt = Earning(
        creator_id=cast.ada.id, share_id=share.id, key=f"dispute:txn_1:{share.id.hex}", amount_cents=-1330,
        currency="usd", available_at=clock.now(),
    )  # fmt: skip
    db.session.add(debt)
    assert making.run() == [payout]
    assert holds(cast.ada) == [HoldCode.NEGATIVE]
    purchase.disputed_cents, purchase.refunded_cents = 0, purchase.amount_cents
    making.sale(course(cast), 3000)
    _, second = making.run()
    assert (second.opening_cents, second.amount_cents) == (0, 1670)


def test_a_refused_transfer_is_payable_again(cast: Cast, stripe: RunningSandbox) -> None:
    """Fault 35: each refusal has a name, others are paid, and a retry pays once."""
    ada, nia = making.able(stripe, cast.ada), making.able(stripe, cast.nia)
    making.sale(db.session.get_one(Course, cast.draft_course.id), 2000)
    stripe.restrict(ada.stripe_account_id)
    making.run()
    failed = next(one for one in making.payouts() if one.creator_id == cast.ada.id)
    paid = next(one for one in making.payouts() if one.creator_id == cast.nia.id)
    assert (failed.status, paid.status) == (PayoutStatus.FAILED, PayoutStatus.PAID)
    assert holds(cast.ada) == [HoldCode.ACCOUNT]
    assert making.statuses(cast.ada) == [EarningStatus.FAILED]
    assert nia.stripe_account_id == stripe.all("transfer")[0]["destination"]
    stripe.enable(ada.stripe_account_id)
    making.fund(stripe, -9_998_000)
    connect_sync.look_at_all()
    db.session.commit()
    jobs.run_all()
    making.run()
    assert holds(cast.ada) == [HoldCode.BALANCE]
    making.fund(stripe, 100_000)
    making.run()
    making.run()
    states = [one.status for one in making.payouts() if one.creator_id == cast.ada.id]
    assert states == [PayoutStatus.RELEASED, PayoutStatus.RELEASED, PayoutStatus.PAID]
    assert holds(cast.ada) == []
    assert making.statuses(cast.ada) == [EarningStatus.PAID]
    assert len(stripe.all("transfer")) == 2


def test_a_creator_who_disconnected_keeps_the_money(cast: Cast, stripe: RunningSandbox) -> None:
    account = making.able(stripe, cast.ada)
    stripe.deauthorise(account.stripe_account_id)
    (payout,) = making.run()
    assert payout.status == PayoutStatus.FAILED
    assert holds(cast.ada) == [HoldCode.ACCOUNT]
    assert stripe.all("transfer") == []


@pytest.mark.parametrize("fault", ["execute_then_drop", "execute_then_500", "503"])
def test_an_unknown_outcome_is_looked_up(cast: Cast, stripe: RunningSandbox, fault: str) -> None:
    making.able(stripe, cast.ada)
    stripe.fault(fault, f"POST {TRANSFERS}", times=3)
    (payout,) = making.run()
    assert payout.status == PayoutStatus.PENDING
    assert making.statuses(cast.ada) == [EarningStatus.PROCESSING]
    stripe.clock.advance(days=2)  # the key is forgotten meanwhile
    for job in db.session.scalars(select(Job).where(Job.kind == "pay_creator")):
        job.run_after = clock.now()
    making.run()
    db.session.refresh(payout)
    assert payout.status == PayoutStatus.PAID
    assert len(stripe.all("transfer")) == 1


def test_vat_on_top_is_added_once(cast: Cast, stripe: RunningSandbox) -> None:
    shop(seller_country="DE", tax_rates={"DE": 1900})
    making.fund(stripe, -10_000_000)
    making.able(stripe, cast.ada, VatStatus.REGISTERED, "DE", "DE136695976")
    (failed,) = making.run()
    assert (failed.status, failed.amount_cents) == (PayoutStatus.FAILED, 1583)
    making.fund(stripe, 1_000_000)
    making.sale(course(cast), 700)
    _, payout = making.run()
    assert payout.amount_cents == 2030 + 386
    assert payout.sums == {"sale": 2030, "vat": 386}
    document = db.session.scalars(select(Document).where(Document.payout_id == payout.id)).one()
    assert (document.kind, document.net_cents, document.tax_cents) == (DocumentKind.SELF_BILLING, 2030, 386)


def test_vat_of_others_isnt_paid(cast: Cast, stripe: RunningSandbox) -> None:
    shop(seller_country="NL", tax_rates={"NL": 2100})
    making.able(stripe, cast.ada, VatStatus.REGISTERED, "DE", "DE136695976")
    (payout,) = making.run()
    document = db.session.scalars(select(Document).where(Document.payout_id == payout.id)).one()
    assert (payout.amount_cents, document.kind) == (1330, DocumentKind.SELF_BILLING)
    assert "Reverse charge" in document.snapshot["note"]


@pytest.mark.parametrize(
    ("currency", "share", "paid", "carried"),
    [("jpy", 1050, 1050, None), ("huf", 1_234_567, 1_234_500, 67), ("twd", 98_765, 98_700, 65)],
)
def test_what_banks_dont_take_is_carried(
    cast: Cast, stripe: RunningSandbox, currency: str, share: int, paid: int, carried: int | None
) -> None:
    making.able(stripe, cast.ada)
    making.fund(stripe, 10_000_000, currency)
    making.sale(course(cast), share, currency)
    payout = next(one for one in making.run() if one.currency == currency)
    assert payout.amount_cents == paid
    assert next(t for t in stripe.all("transfer") if t["currency"] == currency)["amount"] == paid
    making.sale(course(cast), 100_000, currency)
    second = [one for one in making.run() if one.currency == currency][1]
    assert second.amount_cents == 100_000 + ((carried or 0) - (carried or 0) % 100)
    assert second.sums.get("carry") == (None if carried is None else 0)


def test_the_month_is_paid_once_on_its_day(cast: Cast, stripe: RunningSandbox) -> None:
    making.able(stripe, cast.ada)
    today = clock.now().day
    shop(payout_day=28)
    if today < 28:
        runs.begin_month()
        assert db.session.scalars(select(PayoutRun)).all() == []
    shop(payout_day=1)
    for _ in range(2):
        runs.begin_month()
        db.session.commit()
    (run,) = db.session.scalars(select(PayoutRun)).all()
    assert run.month == f"{clock.now():%Y-%m}"
    assert len(db.session.scalars(select(Job).where(Job.kind == "pay_creator")).all()) == 1
