"""Full-text search over search_documents: FTS5 on SQLite, a weighted tsvector on PostgreSQL.

Revision: 0002, after 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE = [
    """CREATE VIRTUAL TABLE search_fts USING fts5(
        title, keywords, body, content='search_documents', content_rowid='id',
        tokenize="unicode61 remove_diacritics 2", prefix='2 3')""",
    """CREATE TRIGGER search_fts_added AFTER INSERT ON search_documents BEGIN
        INSERT INTO search_fts(rowid, title, keywords, body) VALUES (new.id, new.title, new.keywords, new.body);
    END""",
    """CREATE TRIGGER search_fts_removed AFTER DELETE ON search_documents BEGIN
        INSERT INTO search_fts(search_fts, rowid, title, keywords, body)
        VALUES ('delete', old.id, old.title, old.keywords, old.body);
    END""",
    """CREATE TRIGGER search_fts_changed AFTER UPDATE ON search_documents BEGIN
        INSERT INTO search_fts(search_fts, rowid, title, keywords, body)
        VALUES ('delete', old.id, old.title, old.keywords, old.body);
        INSERT INTO search_fts(rowid, title, keywords, body) VALUES (new.id, new.title, new.keywords, new.body);
    END""",
]

POSTGRESQL = [
    """ALTER TABLE search_documents ADD COLUMN words_fts tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', keywords), 'B')
        || setweight(to_tsvector('simple', body), 'D')) STORED""",
    "CREATE INDEX ix_search_documents_words_fts ON search_documents USING gin (words_fts)",
]


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("added", "removed", "changed"):
            op.execute(f"DROP TRIGGER search_fts_{name}")
        op.execute("DROP TABLE search_fts")
    else:
        op.execute("ALTER TABLE search_documents DROP COLUMN words_fts")
