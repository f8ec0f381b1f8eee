"""People are found by the beginning of a surname as well, without regard to case and accents.

Revision: 0032, after 0031
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TEXT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
BATCH = 1000
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)


def upgrade() -> None:
    op.add_column("users", sa.Column("name_folded", TEXT, nullable=False, server_default="?"))
    op.add_column("users", sa.Column("surname_folded", TEXT, nullable=False, server_default="?"))
    users = sa.table("users", *(sa.column(name) for name in ("id", "name", "name_folded", "surname_folded")))
    change = (
        sa.update(users)
        .where(users.c.id == sa.bindparam("key"))
        .values(name_folded=sa.bindparam("whole"), surname_folded=sa.bindparam("surname"))
    )
    bind, last = op.get_bind(), None
    while True:
        query = sa.select(users.c.id, users.c.name).order_by(users.c.id).limit(BATCH)
        rows = bind.execute(query.where(users.c.id > last) if last is not None else query).all()
        if not rows:
            return
        bind.execute(change, [{"key": key, **_folded(name)} for key, name in rows])
        last = rows[-1][0]


def downgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.drop_column("surname_folded")
        batch.drop_column("name_folded")


def _folded(name: str) -> dict[str, str]:
    letters = "".join(c for c in name.casefold() if not unicodedata.combining(c))
    plain = "".join(c for c in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(c))
    whole = " ".join(plain.translate(LETTERS).split())
    return {"whole": whole[:100], "surname": whole.rpartition(" ")[2][:100]}
