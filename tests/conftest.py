"""Which tests run, in which order, and where.

TEST_DATABASE_URL (a PostgreSQL server's maintenance database) runs the same tests there.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

# The processes that run tests are started by this one, and take it over.
os.environ.setdefault("TEST_BEGAN", datetime.now(UTC).isoformat())

pytest.register_assert_rewrite("tests.fixtures")

HERE = Path(__file__).parent
SERVER_URL = os.environ.get("TEST_DATABASE_URL", "")
ON_POSTGRESQL = SERVER_URL.startswith("postgresql")

# By these fixtures a test comes to a database; what does without is the same on every one.
ON_A_DATABASE = {"app", "whole_app", "databases", "shop"}
# They start and kill processes or send thousands of requests: too slow for the loop of writing.
SLOW = ("adversary", "backup", "demo", "journeys", "migrations", "stripe_sandbox")
# What becomes of a payment, in every order of events and with every fault, each at a Stripe of its own.
# Buying, refunds and fulfilment stay in the loop.
SLOW_FILES = tuple(
    f"checkout/test_{name}.py"
    for name in (
        "alerts", "event_table", "faults", "notices", "promises", "races", "random_orders", "reconciliation",
        "return_pages", "second_kind",
    )
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Read the fixtures where tests run, and leave them unread where tests are only handed out.

    They import the whole shop, and the processes that run tests are started after it.
    """
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        config.pluginmanager.import_plugin("tests.fixtures")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave slow folders and files unread where their tests would be left out: reading them takes seconds."""
    if collection_path.is_relative_to(HERE) and _is_slow(collection_path):
        return "not slow" in config.option.markexpr or None
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what drives a browser: it takes longest, and nothing else would run beside its end."""
    elsewhere = [item for item in items if not ON_POSTGRESQL and item.get_closest_marker("postgresql")]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]
    for item in items:
        drives_a_browser = item.get_closest_marker("browser") and not item.get_closest_marker("everywhere")
        if drives_a_browser or not ON_A_DATABASE & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.once)
        if _is_slow(item.path):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def _is_slow(path: Path) -> bool:
    """Whether a folder, or a file in it, is left out of the loop as a whole."""
    place = path.relative_to(HERE).as_posix()
    return place.partition("/")[0] in SLOW or place in SLOW_FILES
