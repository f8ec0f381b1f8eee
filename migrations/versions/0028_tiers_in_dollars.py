"""The bounds of a size's price are those of US dollars.

Revision: 0028, after 0027
"""

from migrations.support import add_check, drop_check

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

BOUNDS = (
    "(tier = 'quick_skill' AND price_cents BETWEEN 500 AND 1000)"
    " OR (tier = 'standard' AND price_cents BETWEEN 1500 AND 2500)"
    " OR (tier = 'deep_dive' AND price_cents BETWEEN 2500 AND 4000)"
)


def upgrade() -> None:
    drop_check("products", "tier_price")
    add_check("products", "tier_price", f"tier IS NULL OR currency <> 'usd' OR {BOUNDS}")


def downgrade() -> None:
    drop_check("products", "tier_price")
    add_check("products", "tier_price", f"tier IS NULL OR {BOUNDS}")
