"""Benchmark of buying and of the books: the cart, an order from cart to receipt, tax, the ledger check.

Usage: python -m bench.till [--courses 100000] [--engines sqlite,postgresql] [--folder …]

Uses the databases of bench.run (`--folder`), which are filled if need be, and writes bench/TILL.md.
"""

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.stores import ROOT, Store, all_of

ALLOWED = {"cart": 2.0, "order": 15.0, "ledger": 10.0}


def main() -> None:
    """Measure each database engine and write the report."""
    asked = arguments()
    found = {}
    for store in all_of(asked.folder, asked.engines.split(","), [asked.courses], asked.postgresql):
        store.ensure()
        if asked.fill_only:
            continue
        found[store.engine] = measure(store, asked.orders)
        print(f"{store.engine}: {found[store.engine]}", flush=True)
    if asked.output and found:
        asked.output.write_text(report(found, asked.courses))


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.till", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "instance" / "bench")
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--courses", type=int, default=100_000)
    parser.add_argument(
        "--postgresql", default="postgresql://postgres@127.0.0.1:5432/postgres", help="a server"
    )
    parser.add_argument("--orders", type=int, default=30, help="how many are gone through")
    parser.add_argument("--fill-only", action="store_true", help="only make the databases")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "TILL.md")
    return parser.parse_args()


def measure(store: Store, orders: int) -> dict[str, Any]:
    """Run bench.till_inside on the store; returns its measurements."""
    tour = str(store.folder / "tour.json")
    environ = store.environ() | {
        "BENCH_TOUR": tour,
        "STRIPE_SECRET_KEY": "sk_test_sandbox_tests",
        "STRIPE_WEBHOOK_SECRET": "whsec_bench",
    }
    for module, *words in (("bench.tour", tour), ("bench.till_inside", str(orders))):
        done = subprocess.run(
            [sys.executable, "-m", module, *words], env=environ, cwd=ROOT, check=True, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
    values: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return values


def report(found: dict[str, dict[str, Any]], courses: int) -> str:
    """Write the page of the measurements: times in milliseconds of processor time, unless it says seconds."""
    lines = [
        "# Buying, and the books\n",
        f"A shop with {courses:,} courses, {courses // 10:,} bundles and {courses:,} orders with their"
        f" invoices, measured on {datetime.now(UTC):%Y-%m-%d} by `python -m bench.till`. Milliseconds are"
        " processor time of the process that serves, without Stripe’s answers; a bare page is the bare"
        " application’s catalogue page (`bench/bare.py`).\n",
        f"| what | {' | '.join(found)} | to reach |",
        f"|---|{'--:|' * len(found)}---|",
    ]
    rows: list[tuple[str, str, str, float | None]] = [
        ("a bare page", "bare_ms", "{:.1f} ms", None),
        ("the catalogue, signed in", "catalogue_ms", "{:.1f} ms", None),
        ("a cart with 50 lines", "cart_ms", "{:.1f} ms", None),
        ("the cart in pages of the catalogue", "cart", "{:.2f}", ALLOWED["cart"]),
        ("queries of the cart", "cart_queries", "{:.0f}", 8),
        ("an order from cart to receipt", "order_ms", "{:.1f} ms", None),
        ("an order in bare pages", "order", "{:.1f}", ALLOWED["order"]),
        ("a bundle’s page", "bundle_ms", "{:.1f} ms", None),
        ("the tax report of a quarter", "tax_quarter_s", "{:.1f} s", None),
        ("the tax report of a year", "tax_year_s", "{:.1f} s", None),
        ("the one-stop shop of a quarter", "oss_s", "{:.1f} s", None),
        ("the shop’s analytics", "analytics_ms", "{:.1f} ms", None),
        ("`flask ledger check`", "ledger", "{:.1f} s", ALLOWED["ledger"]),
    ]
    for name, key, form, most in rows:
        cells = [form.format(one[key]) for one in found.values()]
        reached = all(one[key] <= most for one in found.values()) if most else True
        goal = "" if most is None else f"at most {most:g}: {'reached' if reached else '**missed**'}"
        lines.append(f"| {name} | {' | '.join(cells)} | {goal} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
