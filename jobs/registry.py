"""Registry of the kinds of jobs."""

from dataclasses import dataclass

from models import Lane


@dataclass(frozen=True)
class Task:
    """A job done in one transaction by `verb`, "module.function" below domain/."""

    verb: str
    lane: Lane = Lane.QUICK


@dataclass(frozen=True)
class LongTask:
    """A job of three verbs: begin(**payload) -> plan or None; work(plan) -> result; end(plan, result).

    `begin` answers None when nothing is left to do. `fail`, if named, is called as fail(error, **payload)
    after each failed attempt, for what shows its failures somewhere; `give_up` likewise, after the last one.
    """

    begin: str
    work: str
    end: str
    fail: str | None = None
    give_up: str | None = None
    lane: Lane = Lane.QUICK


# Nobody waits for a slow one, and it may take minutes: films, archives, backups, other people's web servers.
# Its lane is stored with a job, so a change here is for new jobs.
KINDS: dict[str, Task | LongTask] = {
    "send_email": LongTask(
        "platform.outbox.begin_sending",
        "platform.outbox.send",
        "platform.outbox.end_sending",
        "platform.outbox.fail",
    ),
    "send_reset_link": Task("people.password_reset.send_reset_link"),
    "send_registration_mail": Task("people.registration.send_mail"),
    "send_email_change": Task("people.email_change.send_link"),
    "process_media": LongTask(
        "media.transcoding.begin",
        "media.transcoding.process",
        "media.transcoding.end",
        give_up="media.transcoding.give_up",
        lane=Lane.SLOW,
    ),
    "discard_media": Task("media.transcoding.discard", lane=Lane.SLOW),
    "move_originals": LongTask(
        "media.originals.begin_moving",
        "media.originals.move",
        "media.originals.end_moving",
        lane=Lane.SLOW,
    ),
    "remove_upload": LongTask(
        "media.upload_sessions.begin_removal",
        "media.upload_sessions.remove",
        "media.upload_sessions.end_removal",
    ),
    "sweep_uploads": Task("media.upload_sessions.sweep"),
    "render_texts": LongTask(
        "authoring.rerendering.begin",
        "authoring.rerendering.render",
        "authoring.rerendering.end",
        lane=Lane.SLOW,
    ),
    "discard_picture": Task("platform.images.discard"),
    "discard_file": Task("authoring.deletion.discard_file"),
    "copy_picture": Task("authoring.duplication.copy_picture"),
    "import_course": LongTask(
        "portable.course_transfers.begin_import",
        "portable.course_transfers.read_import",
        "portable.course_transfers.end_import",
        "portable.course_transfers.note_failure",
        lane=Lane.SLOW,
    ),
    "export_course": LongTask(
        "portable.course_transfers.begin_export",
        "portable.course_transfers.pack",
        "portable.course_transfers.end_export",
        "portable.course_transfers.note_failure",
        lane=Lane.SLOW,
    ),
    "reindex_outdated": Task("catalog.index.search.reindex_outdated"),
    "reindex_category": Task("catalog.index.search.reindex_category"),
    "reindex_creator": Task("catalog.index.search.reindex_creator"),
    "correct_course_days": Task("analytics.daily_counts.correct"),
    "recount_learners": Task("learning.progress_recount.recount_learners"),
    "clean_up": Task("platform.retention.clean_up"),
    "fold_names": Task("people.names.fold_missing"),
    "forget_address_marks": Task("people.address_history.clean_up"),
    "count_events": LongTask(
        "analytics.daily_counts.begin",
        "analytics.daily_counts.work",
        "analytics.daily_counts.end",
        lane=Lane.SLOW,
    ),
    "carry_out_verdict": Task("moderation.undoable_decisions.carry_out"),
    "check_links": LongTask(
        "moderation.link_check.begin",
        "moderation.link_check.check_links",
        "moderation.link_check.end",
        lane=Lane.SLOW,
    ),
    "expire_courses": Task("catalog.expiry.expire"),
    "warn_of_expiry": Task("catalog.expiry.warn"),
    "process_stripe_event": LongTask(
        "commerce.stripe_events.begin",
        "commerce.stripe_events.fetch_object",
        "commerce.stripe_events.end",
        "commerce.stripe_events.fail",
    ),
    "sweep_payments": Task("commerce.reconciliation.sweep"),
    "release_coupons": Task("coupons.redemptions.sweep"),
    "settle_order": LongTask(
        "commerce.reconciliation.begin",
        "commerce.reconciliation.fetch_session",
        "commerce.reconciliation.end",
    ),
    "list_stripe_events": LongTask(
        "commerce.reconciliation.begin_listing",
        "commerce.reconciliation.list_events",
        "commerce.reconciliation.end_listing",
    ),
    "check_vat_id": LongTask(
        "tax.vat_checks.begin", "tax.vat_checks.work", "tax.vat_checks.end", "tax.vat_checks.fail"
    ),
    "ask_vat_ids_again": Task("tax.vat_checks.ask_again"),
    "settle_bundles": Task("bundles.upkeep.settle"),
    "give_to_bundle_buyers": Task("bundles.growing.give_to_buyers"),
    "tell_of_opened": Task("learning.prerequisites.tell_of_opened"),
    "remind_of_carts": Task("cart.reminders.remind"),
    "clean_up_carts": Task("cart.carts.clean_up"),
    "tell_of_sale": Task("cart.wishlist.tell_of_sale"),
    "look_at_account": LongTask(
        "payouts.connect_sync.begin", "payouts.connect_sync.look", "payouts.connect_sync.end"
    ),
    "look_at_accounts": Task("payouts.connect_sync.look_at_all"),
    "make_document": LongTask("documents.files.begin", "documents.files.make", "documents.files.end"),
    "issue_earlier_invoices": Task("documents.backlog.issue_earlier"),
    "mail_gifts": Task("gifts.mailing.sweep"),
    "refund_payment": LongTask(
        "refunds.stripe_refunds.begin", "refunds.stripe_refunds.send", "refunds.stripe_refunds.end"
    ),
    "carry_out_withdrawal": Task("refunds.declarations.carry_out"),
    "begin_payouts": Task("payouts.runs.begin_month"),
    "sweep_payouts": Task("payouts.runs.sweep"),
    "pay_creator": LongTask("payouts.running.begin", "payouts.running.send", "payouts.running.end"),
    "reverse_transfer": LongTask(
        "payouts.reversing.begin", "payouts.reversing.send", "payouts.reversing.end"
    ),
    "sync_dispute": LongTask(
        "disputes.sweep.begin_one", "disputes.sweep.fetch_one", "disputes.sweep.end_one"
    ),
    "sweep_disputes": LongTask("disputes.sweep.begin", "disputes.sweep.list_all", "disputes.sweep.end"),
    "answer_dispute": LongTask("disputes.answers.begin", "disputes.answers.call", "disputes.answers.end"),
    "check_books": LongTask("books.reading.begin", "books.reading.read", "books.reading.end", lane=Lane.SLOW),
    "fetch_for_books": LongTask("books.resolving.begin", "books.resolving.fetch", "books.resolving.end"),
    "make_backup": LongTask(
        "platform.backup_jobs.begin",
        "platform.backup_jobs.make",
        "platform.backup_jobs.end",
        "platform.backup_jobs.fail",
        "platform.backup_jobs.give_up",
        lane=Lane.SLOW,
    ),
    "prove_backup": LongTask(
        "platform.backup_jobs.begin_proof",
        "platform.backup_jobs.prove",
        "platform.backup_jobs.end_proof",
        give_up="platform.backup_jobs.give_up_proof",
        lane=Lane.SLOW,
    ),
    "snapshot_database": LongTask(
        "platform.backup_jobs.begin_snapshot",
        "platform.backup_jobs.make",
        "platform.backup_jobs.end",
        "platform.backup_jobs.fail_snapshot",
        lane=Lane.SLOW,
    ),
    "list_backups": LongTask(
        "platform.backup_jobs.begin_listing",
        "platform.backup_jobs.list_all",
        "platform.backup_jobs.end_listing",
        lane=Lane.SLOW,
    ),
}
