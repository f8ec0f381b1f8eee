"""Money asks no product what kind it is: it speaks to the kind (docs/contributing.md)."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MONEY = ("domain/commerce", "domain/ledger", "domain/payouts", "payments", "mail", "blueprints/orders",
         "blueprints/checkout", "templates/orders", "templates/checkout", "templates/mail")  # fmt: skip


def test_no_kind_is_named_where_money_is_moved() -> None:
    files = [
        path
        for place in MONEY
        for path in (ROOT / place).rglob("*")
        if path.suffix in (".py", ".html", ".txt")
    ]
    assert len(files) > 50
    assert [
        str(path) for path in files if "ProductKind" in path.read_text() or "product.kind" in path.read_text()
    ] == []
