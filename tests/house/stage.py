"""What addresses are filled with: the cast's rows, and things of theirs that the cast alone does not have."""

import hashlib
import io
import uuid
from datetime import timedelta

from flask import Flask
from PIL import Image

import mail
import storage
from domain.gifts import links
from domain.media import served_files, upload_sessions
from domain.people import mail_tokens, registration
from domain.platform import consents, images, mail_preferences, moderation_queue, settings
from domain.refunds import declarations
from models import (
    ArchiveFormat,
    BackupRecord,
    BooksFinding,
    Caption,
    Cart,
    CartItem,
    CodeArchive,
    ConnectAccount,
    ConsentSource,
    Coupon,
    Course,
    Dispute,
    Document,
    FindingKind,
    Gift,
    Job,
    JobState,
    Lesson,
    MediaAsset,
    MediaStatus,
    ModerationKind,
    Notification,
    NotificationKind,
    OAuthAccount,
    PlatformSettings,
    ProductStatus,
    ProposedCaption,
    RefundReason,
    RefundRequest,
    RequestDecision,
    RequestKind,
    Resource,
    ResourceKind,
    Review,
    StripeEvent,
    UploadPurpose,
    User,
    UserSession,
    WishlistItem,
    Withdrawal,
    WithdrawalState,
    db,
    now,
)
from tests.bundles.making import make_bundle
from tests.cast import Cast
from tests.gifts import shop as giving
from tests.payouts.making import settled

NOBODYS_ID = "01890000-0000-7000-8000-000000000000"
PEOPLE = ("out", "cy", "bo", "una", "ada", "nia", "mo")


def fill(app: Flask, cast: Cast) -> dict[str, str]:
    """Write what is missing and answer the words that stand in addresses, by placeholder."""
    with app.app_context():
        asset = _recording(cast)
        file = _file(cast)
        shown = _pictures(cast) | _uploads(cast)
        review = Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=4, comment="Good.")
        others = Review(user_id=cast.cy.id, product_id=cast.flask_course.id, rating=2, comment="Short.")
        others.reply, others.replied_at = "Thank you.", now()
        hidden = Review(
            user_id=cast.una.id, product_id=cast.flask_course.id, rating=1, comment="Rude.", flagged=True
        )
        db.session.add_all([review, others, hidden])
        db.session.flush()
        review_item = moderation_queue.enqueue(
            ModerationKind.REVIEW, hidden.id, "Flask, first steps", cast.una.id
        )
        course_item = moderation_queue.enqueue(
            ModerationKind.COURSE, cast.draft_course.id, "Secret draft", cast.nia.id
        )
        device = UserSession(
            user_id=cast.bo.id, token_hash="0" * 64, user_agent="Firefox/1 (Windows)", ip="127.0.0.1",
            last_seen_at=now(), expires_at=now() + timedelta(days=1),
        )  # fmt: skip
        db.session.add(device)
        job = Job(kind="clean_up", state=JobState.DEAD, attempts=10, last_error="OSError: disk full")
        event = StripeEvent(
            id="evt_staged", type="checkout.session.completed", object_id="cs_test_cast", error="Not now.",
            payload={"data": {"object": {"id": "cs_test_cast", "client_secret": "cs_secret"}}},
        )  # fmt: skip
        backup = BackupRecord(name="20261129T020000Z-daily", kind="daily", made_at=now())
        db.session.add_all([job, event, backup])
        bo = db.session.get_one(User, cast.bo.id)
        registered = registration.register(
            registration.RegistrationInput("Zoe", "zoe@example.com", bo.password_hash or "")
        )
        verify = mail_tokens.sign(mail_tokens.Purpose.VERIFY, registered.id.hex)
        message = mail.verify_email(registered.email, verify, "/")
        consents.give(bo, ConsentSource.ACCOUNT)
        identity = OAuthAccount(user_id=bo.id, provider="github", subject="1")
        db.session.add(identity)
        db.session.commit()
        return {
            "verify_token": verify,
            "reset_token": mail_tokens.make(mail_tokens.Purpose.RESET, bo),
            "email_token": mail_tokens.make(mail_tokens.Purpose.EMAIL, bo, "bo.new@example.com"),
            "media_token": storage.sign(served_files.folder(asset.id), now() + timedelta(hours=1)),
            "proposed_token": storage.sign(served_files.proposals(asset.id), now() + timedelta(hours=1)),
            "old_token": storage.sign(served_files.folder(asset.id), now() - timedelta(hours=1)),
            "asset": str(asset.id),
            "file": str(file.id),
            **shown,
            "course": str(cast.flask_course.id),
            "draft_course": str(cast.draft_course.id),
            "bundle": str(_bundle(cast)),
            "review": str(review.id),
            "others_review": str(others.id),
            "hidden_review": str(hidden.id),
            "bos_device": str(device.id),
            "person": str(cast.cy.id),
            "job": str(job.id),
            "event": event.id,
            "backup": str(backup.id),
            "category": str(cast.web.id),
            "shelf": str(cast.web.id),
            "message": str(message.id),
            "item": str(review_item.id),
            "course_item": str(course_item.id),
            "draft_lesson": str(cast.draft_lesson.id),
            "module": str(cast.video_lesson.module_id),
            "wished": str(cast.flask_course.id),
            "told": str(_told(cast)),
            "cart_line": str(_cart_line(cast)),
            "not_me_token": mail_tokens.make(mail_tokens.Purpose.NOT_ME, bo),
            "bos_identity": str(identity.id),
            **coupons(cast),
            **_payout_account(cast),
            "unsubscribe_token": mail_preferences.token(cast.bo.id, NotificationKind.REFUND),
            "nobody": NOBODYS_ID,
            "invoice": db.session.scalars(db.select(Document.number)).one(),
            "payout": str(settled(db.session.get_one(User, cast.ada.id)).id),
            "dispute": str(disputed(cast)),
            "finding": str(_finding(cast).id),
            **_gift(cast),
            **_returned(cast),
        }


def _finding(cast: Cast) -> BooksFinding:
    """A transfer that Stripe's books show and ours don't."""
    finding = BooksFinding(
        key="transfer:txn_staged", kind=FindingKind.TRANSFER_UNKNOWN, subject="tr_staged", amount_cents=-500,
        currency="usd", creator_id=cast.nia.id,
        sentence="Stripe transferred $5.00 (tr_staged), which belongs to no payout.",
    )  # fmt: skip
    db.session.add(finding)
    db.session.commit()
    return finding


def _returned(cast: Cast) -> dict[str, str]:
    """A request of bo's that a person has to decide, and a declaration that waits."""
    db.session.get_one(PlatformSettings, 1).withdrawal_on = True
    asked = RefundRequest(
        purchase_id=cast.purchase.id, asked_by_id=cast.bo.id, kind=RequestKind.POLICY, words="Not for me.",
        reason=RefundReason.CHANGED_MIND, decision=RequestDecision.WAITING, rule="used",
        sentence="You’ve used 40% of it, so a person decides.",
        facts={"days": 2, "days_allowed": 30, "share_percent": 40, "finished": False, "refunds_before": 0},
    )  # fmt: skip
    declared = Withdrawal(
        key=uuid.uuid4(), name="Bo", email="bo@example.com", order_number="LN-TEST-0001", declared_at=now(),
        order_id=cast.order.id, state=WithdrawalState.WAITING, acts_at=now() + timedelta(days=1),
    )  # fmt: skip
    unclear = Withdrawal(
        key=uuid.uuid4(), name="Zoe", email="zoe@example.com", items="A course", declared_at=now(),
        state=WithdrawalState.UNCLEAR,
    )  # fmt: skip
    db.session.add_all([asked, declared, unclear])
    db.session.flush()
    item = moderation_queue.enqueue(ModerationKind.REFUND, asked.id, "Flask, first steps", cast.bo.id)
    db.session.commit()
    settings.forget()
    return {
        "refund_item": str(item.id),
        "withdrawal": str(unclear.id),
        "received_token": declarations.receipt_token(declared),
        "stop_token": declarations.stop_token(declared),
    }


def disputed(cast: Cast) -> uuid.UUID:
    """A bank's inquiry about what bo bought, with the draft of an answer."""
    dispute = Dispute(
        order_id=cast.order.id, stripe_dispute_id="dp_staged", amount_cents=1900, currency="usd",
        reason="unrecognized", status="warning_needs_response", is_inquiry=True, disputed_at=now(),
        due_by=now() + timedelta(days=7), synced_at=now(), evidence={"customer_name": "Bo"},
        evidence_version=1,
    )  # fmt: skip
    db.session.add(dispute)
    db.session.commit()
    return dispute.id


def _gift(cast: Cast) -> dict[str, str]:
    """What bo gives to somebody without an account."""
    line_id = giving.ordered(cast.bo, cast.flask_course, "zoe@example.com", "Have fun!")
    later = now().date() + timedelta(days=90)
    planned = giving.ordered(cast.bo, cast.flask_course, "yan@example.com", "", later)
    giving.paid(line_id)
    giving.paid(planned)
    db.session.commit()
    return {
        "gift": str(line_id),
        "planned_gift": str(planned),
        "gift_token": links.token(db.session.get_one(Gift, line_id)),
    }


def _payout_account(cast: Cast) -> dict[str, str]:
    """Ada's account at Stripe, of which Stripe asks something."""
    asked = [{"code": "requirements_past_due", "sentence": "Stripe needs more information about you."}]
    account = ConnectAccount(
        creator_id=cast.ada.id, stripe_account_id="acct_adas", country="DE", requirements=asked,
        may_sign_in=True,
    )  # fmt: skip
    db.session.add(account)
    db.session.commit()
    return {"stripe_account": account.stripe_account_id}


def coupons(cast: Cast) -> dict[str, str]:
    """A coupon of Ada's for her course, and one of the shop's for a category."""
    common = {"kind": "percentage", "value": 10}
    own = Coupon(
        code="ADA10", owner_id=cast.ada.id, borne_by="creator", scope="product",
        product_id=cast.flask_course.id, **common,
    )  # fmt: skip
    shops = Coupon(
        code="WEB10", borne_by="platform", scope="category", category_id=cast.web.id, name="For the web",
        **common,
    )  # fmt: skip
    db.session.add_all([own, shops])
    db.session.commit()
    return {"coupon": str(own.id), "shop_coupon": str(shops.id)}


def _bundle(cast: Cast) -> uuid.UUID:
    """A bundle that Ada has begun; another is on sale."""
    make_bundle(cast, [cast.flask_course.id, cast.free_course.id], "web-bundle")
    bundle = make_bundle(
        cast, [cast.free_course.id], "reading-bundle", status=ProductStatus.DRAFT, published_at=None
    )  # fmt: skip
    db.session.commit()
    return bundle.id


def _told(cast: Cast) -> uuid.UUID:
    """What bo was told; cy wishes for the paid course."""
    db.session.add(WishlistItem(user_id=cast.cy.id, product_id=cast.flask_course.id))
    row = Notification(user_id=cast.bo.id, kind=NotificationKind.REFUND, title="Sent back")
    db.session.add(row)
    db.session.commit()
    return row.id


def _cart_line(cast: Cast) -> uuid.UUID:
    """What cy has put into a cart."""
    cart = Cart(user_id=cast.cy.id)
    db.session.add(cart)
    db.session.flush()
    line = CartItem(cart_id=cart.id, product_id=cast.flask_course.id, price_cents=1500)
    db.session.add_all([line, CartItem(cart_id=cart.id, product_id=cast.free_course.id, price_cents=0)])
    db.session.commit()
    return line.id


def _recording(cast: Cast) -> MediaAsset:
    asset = MediaAsset(
        course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="", mp4="film.mp4",
        status=MediaStatus.READY, duration_seconds=120.0, chapters=[{"start": 0, "title": "Begin"}],
    )  # fmt: skip
    db.session.add(asset)
    db.session.flush()
    asset.storage_key = f"media/{asset.id}/film.mp4"
    vtt = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello there\n"
    db.session.add(Caption(asset_id=asset.id, language="en", label="English", vtt=vtt))
    db.session.add(ProposedCaption(asset_id=asset.id, language="en", label="English", vtt=vtt))
    asset.proposed_chapters = [{"start": 0, "title": "Start"}]
    storage.current().put(asset.storage_key, b"0123456789" * 100, "video/mp4")
    return asset


def _pictures(cast: Cast) -> dict[str, str]:
    drawing = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(drawing, "PNG")
    drawn = drawing.getvalue()
    course, draft = (db.session.get_one(Course, c.id) for c in (cast.flask_course, cast.draft_course))
    lesson = db.session.get_one(Lesson, cast.text_lesson.id)
    in_lesson, in_description = (images.add(course, to, io.BytesIO(drawn)).id for to in (lesson, None))
    lesson.body += f"\n\n![](/pictures/{in_lesson})"
    course.description += f"\n\n![](/pictures/{in_description})"
    return {
        "image": images.keep(images.ImageUse.AVATAR, io.BytesIO(drawn)),
        "picture": str(in_lesson),
        "description_picture": str(in_description),
        "draft_picture": str(images.add(draft, None, io.BytesIO(drawn)).id),
    }


def _uploads(cast: Cast) -> dict[str, str]:
    """A film that ada is uploading, and the code of her course."""
    course = db.session.get_one(Course, cast.flask_course.id)
    ada = db.session.get_one(User, cast.ada.id)
    film = upload_sessions.begin(ada, UploadPurpose.PREVIEW_FILM, course, None, "film.mp4", 1000)
    content = b"PK: an archive is looked through when it comes"
    key = "archives/of-the-cast.zip"
    storage.current().put(key, content, "application/zip")
    db.session.add(
        CodeArchive(
            course_id=course.id, storage_key=key, filename="code.zip", size=len(content), file_count=1,
            format=ArchiveFormat.ZIP, sha256=hashlib.sha256(content).hexdigest(),
        )
    )  # fmt: skip
    return {"upload": str(film.id), "filmed_lesson": str(cast.video_lesson.id)}


def _file(cast: Cast) -> Resource:
    key = f"resources/{uuid.uuid4()}.pdf"
    storage.current().put(key, b"%PDF-1.4", "application/pdf")
    row = Resource(
        lesson_id=cast.text_lesson.id, title="Notes", kind=ResourceKind.PDF, storage_key=key, size=8
    )
    db.session.add(row)
    db.session.flush()
    return row
