"""Released revisions are never edited, and from each of them a filled database comes to the newest whole."""

import hashlib
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from models import db
from tests import effort
from tests.migrations.stage import ROOT, flask_db, frozen, head, releases, revisions

FILES = {
    "0001_tables.py": "cbdcb18193566d64bb610cfc0cefc6d15b04b23ba3a1e63d3a91023383f01122",
    "0002_search.py": "b2eea00b274a5da76f0e178c832f099a38a92d8d9371af3633da2b1148451d6c",
    "0003_audit_is_only_added_to.py": "80744992c07824f6193f16f668239a7a8f6e4269429fcfa546b84b312dbd99d9",
    "0004_more_waits_for_approval.py": "295fe89c85b47acb3551a0a8705d000e41813d00aab218b6cba2524161152dea",
    "0005_ends_are_looked_at_once.py": "0bca96bd71da121a7cb710188836ce73e14b33c258badb1de767258644cc88de",
    "0006_failed_mail.py": "f6d1bc5d3eab639b6abf9b8f757050dc93644a8cb51c96cdb6a7d6a065a47935",
    "0007_names_of_learners.py": "23d60a564c337cab40460d40dabb7ac334e485ab7cdc640eefa168c6f035a635",
    "0008_backups.py": "2b73fc223a324e8faf0533452d8e304f6d297a7c7920b9a72ed6300fb55b7bad",
    "0009_held_posts.py": "34bbf80c47fe9f49e4fa0981a240b43c29e3cf911992acd3bf50baae94e1e9b2",
    "0010_registrations.py": "525655d4a6d651ed24cc29a0b0633748f12fb3afe5b1338b59ca5148e8615c0d",
    "0011_second_factor.py": "3e84e0c46e94acc9f36c41ef99d5bf5e4f07bb829596c8d9bc77af9275acd648",
    "0012_decisions_outlive_rows.py": "d07bd471528fcda0be0aa5a45ef74a3e5400aa785df4ed38db9cf62f27c903d7",
    "0013_recordings.py": "c89aba15756870554a31f20995865f1ff6021e99431b55bd59b50eba2fcbd952",
    "0014_lessons_counted.py": "cba9ef419afc0113f0837e48878b7834da05de5d257872023e96fcbd3bff659f",
    "0015_alerts_without_an_order.py": "1ee9d79f7f6bbff6304b816204b1ecc707dcbec962e9e2417842b47d4f52936c",
    "0016_notes_on_the_way.py": "0f931fe4c9c0129dfcad96d69a68ff74dafdab2bc633658357fce94bbf7fa862",
    "0017_decisions_about_answers.py": "6ad6767bb76fda02108127cf37edb03010c67e3be99937cdf210573c7835ec59",
}
# Columns of rows that were there which a later revision changes or drops: {"orders": {"status"}}.
CHANGED: dict[str, set[str]] = {
    "products": {"sales_count"},  # holder_count
    "events": {"name", "properties"},
    "purchases": {"platform_fee_cents", "creator_amount_cents"},  # in purchase_shares
    "access_grants": {"source"},  # nobody gave what is free
    "earnings": {"purchase_id", "product_id"},  # through the share
}
# Rows that an older revision can't hold: taking back to it is refused until they are gone.
UNKNOWN_AT = {"0016": "moderation_items WHERE kind = 'reply'"}


@pytest.mark.parametrize("name", FILES)
def test_a_released_revision_is_never_edited(name: str) -> None:
    content = (ROOT / "migrations" / "versions" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == FILES[name]


# What lies between two releases is passed on the way from the older; with TEST_LONG upgrades begin there too.
BEGUN_AT = [
    revision
    for revision in revisions()
    if revision <= releases()[0] or revision in releases() or (effort.LONG and revision <= releases()[-1])
]


@pytest.mark.parametrize("revision", BEGUN_AT)
def test_a_filled_database_of_every_revision_is_upgraded_with_every_row(empty: Any, revision: str) -> None:
    """A revision between two releases is reached as it was in life: from the release before it.

    What was filled before the first release goes as far as that one; with TEST_LONG to the end as well.
    """
    first, *_ = releases()
    release = max((r for r in releases() if r <= revision), default=first)
    end = first if revision < first and not effort.LONG else head()
    empty.upgrade(min(release, revision))
    empty.fill(release)
    empty.upgrade(revision)
    names = {
        table: [name for name in columns if name not in CHANGED.get(table, ())]
        for table, columns in empty.columns().items()
    }
    before = empty.rows(names)
    assert sum(map(len, before.values())) > 3000
    empty.upgrade(end)
    assert empty.revision == end
    after = empty.rows(names)
    lost = {table: counted(rows) - counted(after[table]) for table, rows in before.items()}
    assert {table: rows for table, rows in lost.items() if rows} == {}


def counted(rows: list[tuple[Any, ...]]) -> Counter[str]:
    """Count equal rows; some hold what can't be hashed."""
    return Counter(map(repr, rows))


def test_the_frozen_demo_has_rows_in_every_table() -> None:
    assert [table for table, data in frozen(releases()[-1]).items() if not data["rows"]] == []


def test_the_schema_is_what_the_tables_declare(empty: Any, shared: Any) -> None:
    """Alembic's own check sees no CHECK and no index on an expression."""
    with empty.app.app_context():
        db.create_all()
    by_hand = {line for line in shared.shape() if "_fts" in line or "TRIGGER" in line.upper()}
    apart = shared.shape() ^ empty.shape()
    assert {line for line in apart if "alembic_version" not in line} - by_hand == set()


def test_check_finds_nothing_to_do_and_says_nothing_else(shared: Any) -> None:
    shared.leave()
    done = flask_db(shared, "check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "No new upgrade operations detected.\n", "")


def test_every_revision_can_be_taken_back_and_applied_again(place: Any) -> None:
    shapes = [place.shape()]
    down = revisions()[::-1]
    for newer, older in pairwise(down):
        if rows := UNKNOWN_AT.get(older):
            with pytest.raises(SystemExit):
                place.downgrade(older)
            assert (place.revision, len(place.ask(f"SELECT 1 FROM {rows}"))) == (newer, 1)
            with place.engine.begin() as connection:
                connection.exec_driver_sql(f"DELETE FROM {rows}")
        place.downgrade(older)
        assert place.revision == older
        shapes.append(place.shape())
    place.downgrade("base")
    assert place.columns() == {}
    for revision, shape in zip(down[::-1], shapes[::-1], strict=True):
        place.upgrade(revision)
        assert place.shape() == shape
