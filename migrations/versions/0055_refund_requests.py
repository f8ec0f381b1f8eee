"""Buyers ask for refunds, and consumers withdraw from contracts; the policy for both is a setting.

Revision: 0055, after 0054
"""

import json

import sqlalchemy as sa
from alembic import op

import tables.base
from migrations.support import add_check, narrow_enum, widen_enum

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

KINDS = ["course", "update", "review", "reply", "report", "application"]
BEFORE = "Changed your mind? Write to us within {days} of buying, and we’ll pay you back."
USUAL = "Changed your mind? Ask for a refund within {days} of buying."
OUTCOMES = {"late": "refuse", "used": "person", "finished": "refuse", "often": "person", "otherwise": "at_once"}
WITHDRAWAL = (
    "If you bought as a consumer, you can withdraw from the contract within 14 days of buying, without "
    "giving a reason. We pay back the full price, the way you paid."
)
WITHDRAWAL_ENDED = (
    "You asked us to start right away, and agreed that you lose the right to withdraw once the first lesson "
    "is opened. It has been opened."
)
CHECKS = {
    "policy_range": "refund_used_percent BETWEEN 0 AND 100 AND refund_often >= 1",
    "withdrawal_window": "NOT withdrawal_on OR refund_window_days >= 14",
}
ROWS = {"moderation_items": "+", "withdrawals": "+", "refund_requests": "+"}  # on the way down they go


def upgrade() -> None:
    for column in _settings():
        op.add_column("platform_settings", column)
    with op.batch_alter_table("platform_settings") as batch:
        batch.alter_column("refund_terms", existing_type=sa.Text(), server_default=USUAL)
    for name, condition in CHECKS.items():
        add_check("platform_settings", name, condition)
    _reword(BEFORE, USUAL)
    op.add_column("order_consents", _moment("repeated_at", nullable=True))
    widen_enum("moderation_items", "kind", "moderation_kind", [*KINDS, "refund"])
    _create_withdrawals()
    _create_requests()


def _settings() -> list[sa.Column]:
    return [
        sa.Column("refund_outcomes", sa.JSON(), server_default=json.dumps(OUTCOMES), nullable=False),
        sa.Column("refund_used_percent", sa.Integer(), server_default="30", nullable=False),
        sa.Column("refund_often", sa.Integer(), server_default="3", nullable=False),
        sa.Column("withdrawal_on", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("withdrawal_text", sa.Text(), server_default=WITHDRAWAL, nullable=False),
        sa.Column("withdrawal_ended_text", sa.String(500), server_default=WITHDRAWAL_ENDED, nullable=False),
    ]


def _create_withdrawals() -> None:
    unclear = sa.text("state = 'unclear' AND handled_at IS NULL")
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("order_number", sa.String(40), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        _moment("declared_at"),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        _enum("state", "withdrawal_state", "unclear", "waiting", "done", "stopped", "refused"),
        _moment("acts_at", nullable=True),
        _moment("handled_at", nullable=True),
        sa.Column("handled_by", sa.Uuid(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint(
            "(state = 'waiting') = (acts_at IS NOT NULL)", name=op.f("ck_withdrawals_waits_until")
        ),
        sa.CheckConstraint(
            "state IN ('unclear', 'refused') OR order_id IS NOT NULL",
            name=op.f("ck_withdrawals_about_an_order"),
        ),
        _refers("withdrawals", "order_id", "orders"),
        _refers("withdrawals", "user_id", "users"),
        _refers("withdrawals", "handled_by", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
        sa.UniqueConstraint("key", name=op.f("uq_withdrawals_key")),
    )
    op.create_index("ix_withdrawals_order_id", "withdrawals", ["order_id"])
    op.create_index("ix_withdrawals_user_id", "withdrawals", ["user_id"])
    op.create_index("ix_withdrawals_declared_at", "withdrawals", ["declared_at", "id"])
    op.create_index(
        "ix_withdrawals_unclear", "withdrawals", ["declared_at", "id"], sqlite_where=unclear,
        postgresql_where=unclear,
    )  # fmt: skip


def _create_requests() -> None:
    waiting = sa.text("decision = 'waiting'")
    reasons = ("changed_mind", "not_expected", "quality", "technical", "by_mistake", "other")
    op.create_table(
        "refund_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        _enum("kind", "request_kind", "policy", "withdrawal"),
        _enum("reason", "refund_reason", *reasons, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("sentence", sa.String(500), nullable=False),
        _enum("decision", "request_decision", "waiting", "approved", "refused", "stopped"),
        _moment("decided_at", nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawal_id", sa.Uuid(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint(
            "(decision = 'waiting') = (decided_at IS NULL)", name=op.f("ck_refund_requests_decided_then")
        ),
        sa.CheckConstraint(
            "refund_id IS NULL OR decision = 'approved'", name=op.f("ck_refund_requests_refund_of_approved")
        ),
        sa.CheckConstraint(
            "(kind = 'withdrawal') = (withdrawal_id IS NOT NULL)",
            name=op.f("ck_refund_requests_withdrawal_named"),
        ),
        _refers("refund_requests", "purchase_id", "purchases"),
        _refers("refund_requests", "asked_by_id", "users"),
        _refers("refund_requests", "decided_by", "users", "SET NULL"),
        _refers("refund_requests", "refund_id", "refunds"),
        _refers("refund_requests", "withdrawal_id", "withdrawals"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_requests")),
    )
    for column in ("purchase_id", "refund_id", "withdrawal_id"):
        op.create_index(f"ix_refund_requests_{column}", "refund_requests", [column])
    op.create_index(
        "ix_refund_requests_asked_by_id_created_at", "refund_requests", ["asked_by_id", "created_at"]
    )
    op.create_index(
        "uq_refund_requests_waiting", "refund_requests", ["purchase_id"], unique=True, sqlite_where=waiting,
        postgresql_where=waiting,
    )  # fmt: skip


def _enum(name: str, enum: str, *values: str, nullable: bool = False) -> sa.Column:
    kind = sa.Enum(*values, name=enum, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=nullable)


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, tables.base.UtcDateTime(timezone=True), nullable=nullable)


def _refers(table: str, column: str, to: str, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{to}")
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def _reword(before: str, after: str) -> None:
    """Put the usual sentence in the place of the usual one; what an admin wrote stays."""
    shop = sa.table("platform_settings", sa.column("refund_terms", sa.Text()))
    op.execute(shop.update().where(shop.c.refund_terms == before).values(refund_terms=after))


def downgrade() -> None:
    op.drop_table("refund_requests")
    op.drop_table("withdrawals")
    op.execute("DELETE FROM moderation_items WHERE kind = 'refund'")
    narrow_enum("moderation_items", "kind", "moderation_kind", KINDS)
    with op.batch_alter_table("order_consents") as batch:
        batch.drop_column("repeated_at")
    _reword(USUAL, BEFORE)
    with op.batch_alter_table("platform_settings") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(f"ck_platform_settings_{name}"), type_="check")
        batch.alter_column("refund_terms", existing_type=sa.Text(), server_default=BEFORE)
        for column in _settings():
            batch.drop_column(column.name)
