"""Documents: invoices, credit notes, those of payouts, and the counters their numbers come from."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, enum_of, now, pk
from tables.commerce import Order
from tables.payouts import Payout

_CORRECTIONS = text("counters_id IS NOT NULL AND refund_id IS NULL AND dispute_id IS NULL")


class DocumentKind(StrEnum):
    """The kind of a document.

    An invoice demands money of a buyer, a credit note takes such a demand back. The other two are issued to a
    creator who was paid: an invoice in their name, or without VAT a settlement.
    """

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    SELF_BILLING = "self_billing"
    SETTLEMENT = "settlement"


class NumberSeries(Base):
    """The counter of a series in a year. `last` is the number that was given last.

    A number is taken by counting on in the transaction that writes its document: the row stays locked until
    that ends, so that no number is given twice and none is lost. Triggers refuse anything but counting on.
    """

    __tablename__ = "number_series"
    __table_args__ = (CheckConstraint("last > 0", name="last_positive"),)

    series: Mapped[str] = mapped_column(String(16), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class Document(Base):
    """A document about an order or a payout: it never changes and is never deleted, only countered.

    `number` says `series`, `year` and `place`. `revision` counts the invoices of an order: each but the last
    is countered in full. A credit note `counters` an invoice, because of a refund, because of a lost dispute
    or, without either, to correct it. An invoice with a dispute stands for what the dispute's credit notes
    took back, once the bank has returned the money. `snapshot` holds the rest
    (domain/documents/snapshots.py), as it stood on the day `issued_on`, a day of the shop's zone. Amounts of
    a credit note are positive. Triggers refuse any change but that of `pdf_key`, under which the storage has
    the PDF; it is null until the worker has made one.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("series", "year", "place"),
        CheckConstraint("place > 0 AND revision > 0", name="counted_from_one"),
        CheckConstraint("net_cents >= 0 AND tax_cents >= 0", name="amounts_not_negative"),
        CheckConstraint("total_cents = net_cents + tax_cents", name="total_adds_up"),
        CheckConstraint("(kind = 'credit_note') = (counters_id IS NOT NULL)", name="counters_something"),
        CheckConstraint("refund_id IS NULL OR kind = 'credit_note'", name="refund_credited"),
        CheckConstraint("(order_id IS NULL) = (payout_id IS NOT NULL)", name="of_order_or_payout"),
        CheckConstraint(
            "(payout_id IS NOT NULL) = (kind IN ('self_billing', 'settlement'))", name="payout_documented"
        ),
        CheckConstraint("dispute_id IS NULL OR refund_id IS NULL", name="one_cause"),
        Index(
            "uq_documents_order_id_revision",
            "order_id",
            "revision",
            unique=True,
            sqlite_where=text("kind = 'invoice'"),
            postgresql_where=text("kind = 'invoice'"),
        ),
        Index(
            "uq_documents_corrected_once",
            "counters_id",
            unique=True,
            sqlite_where=_CORRECTIONS,
            postgresql_where=_CORRECTIONS,
        ),
        Index("ix_documents_order_id", "order_id"),
        Index("ix_documents_counters_id", "counters_id"),
        Index("ix_documents_issued_on_id", "issued_on", "id"),
    )

    id: Mapped[pk]
    kind: Mapped[DocumentKind] = mapped_column(enum_of(DocumentKind))
    series: Mapped[str] = mapped_column(String(16))
    year: Mapped[int]
    place: Mapped[int]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    payout_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("payouts.id", ondelete="RESTRICT"), unique=True
    )
    revision: Mapped[int] = mapped_column(default=1)
    counters_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id", ondelete="RESTRICT"))
    refund_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("refunds.id", ondelete="RESTRICT"), unique=True
    )
    dispute_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("disputes.id", ondelete="RESTRICT"), index=True
    )
    issued_on: Mapped[date]
    language: Mapped[str] = mapped_column(String(16), default="en")
    currency: Mapped[str] = mapped_column(String(3))
    net_cents: Mapped[int]
    tax_cents: Mapped[int]
    total_cents: Mapped[int]
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)
    pdf_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=now)

    order: Mapped[Order | None] = relationship(lazy="raise_on_sql")
    payout: Mapped[Payout | None] = relationship(lazy="raise_on_sql")
    countered: Mapped["Document | None"] = relationship(remote_side="Document.id", lazy="raise_on_sql")
