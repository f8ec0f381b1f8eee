"""Every action that the audit log can hold has a label, and none that was ever stored is taken away.

That no other action is recorded is mypy's part: `audit.record` takes an AuditAction.
"""

from flask import Flask
from sqlalchemy import select

from domain.platform import audit, audit_labels
from domain.platform.audit_actions import AuditAction
from models import AuditEntry, RefundStatus, User, db
from tests.cast import Cast

# What databases of released versions may hold. New actions are added here with their release; none goes.
STORED = [
    "accept_application",
    "add_category",
    "add_lesson",
    "add_module",
    "add_resource",
    "add_to_bundle",
    "agree_to_bundle",
    "decline_bundle",
    "order_bundle",
    "remove_from_bundle",
    "apply_to_teach",
    "approve_profile",
    "approve_reply",
    "approve_review",
    "approve_update",
    "archive",
    "ask_for_backup",
    "ask_for_proof",
    "backup_failed",
    "change_category",
    "change_email",
    "change_module",
    "change_picture",
    "change_profile",
    "change_reply",
    "change_role",
    "change_setting",
    "checkout_refused",
    "code_damaged",
    "create",
    "decision_lapsed",
    "decline_application",
    "delete",
    "delete_category",
    "delete_lesson",
    "delete_module",
    "delete_reply",
    "delete_resource",
    "describe",
    "discard_changes",
    "dismiss_report",
    "double_payment",
    "late_payment",
    "duplicate",
    "duplicate_lesson",
    "duplicate_module",
    "end_open_everything",
    "expire",
    "feature",
    "give_course",
    "hide_module",
    "hide_reply",
    "hide_reply_by_rule",
    "hide_review",
    "hide_review_by_rule",
    "import",
    "link_identity",
    "look_at_event",
    "look_at_order",
    "make_admin",
    "move_category",
    "move_lesson",
    "move_module",
    "move_resource",
    "open_everything",
    "order_completed",
    "order_problem",
    "proof_failed",
    "publish",
    "publish_module",
    "publish_update",
    "refund_came_back",
    "refund_canceled",
    "refund_failed",
    "refund_pending",
    "refund_refused",
    "refund_succeeded",
    "reject",
    "release_course",
    "remove_captions",
    "remove_code",
    "remove_picture",
    "remove_recording",
    "rename_resource",
    "renew_recovery_codes",
    "reply",
    "require_course",
    "restore",
    "restore_reply",
    "restore_review",
    "retry_job",
    "retry_mail",
    "retry_recording",
    "retry_webhook",
    "return_profile",
    "return_update",
    "save_lesson",
    "second_factor_off",
    "second_factor_on",
    "set_access",
    "set_chapters",
    "set_price",
    "set_sharing",
    "shut_account",
    "stripe_notice",
    "submit",
    "submit_update",
    "suspend",
    "take_back_course",
    "take_back_decision",
    "take_over",
    "unfeature",
    "unlink_identity",
    "unvet",
    "uphold_report",
    "upload_code",
    "upload_recording",
    "upload_resource",
    "use_recovery_code",
    "vet",
    "withdraw",
    "withdraw_update",
    "write_captions",
]


def test_every_action_has_a_label() -> None:
    assert set(audit_labels.WORDS) == set(AuditAction)
    assert [words for words in audit_labels.WORDS.values() if "_" in words or not words.strip()] == []


def test_no_stored_action_is_taken_away() -> None:
    assert sorted(set(STORED) - set(AuditAction)) == []


def test_every_status_of_a_refund_has_its_action() -> None:
    assert {f"refund_{status.value}" for status in RefundStatus} <= set(AuditAction)


def test_an_action_is_read_by_its_label(app: Flask, cast: Cast) -> None:
    with app.app_context():
        mo = db.session.get_one(User, cast.mo.id)
        audit.record(mo, AuditAction.LOOK_AT_ORDER, mo)
        db.session.commit()
        stored = db.session.scalars(select(AuditEntry.action)).one()
    assert (stored, audit_labels.in_words(stored)) == ("look_at_order", "resolved an order alert")


def test_an_action_of_another_release_is_shown_as_it_is() -> None:
    assert audit_labels.in_words("of_an_older_release") == "of an older release"
