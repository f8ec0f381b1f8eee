"""The files: made by the worker, kept, made on the spot while missing; for the buyer and admins alone."""

import html
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import jobs
import storage
from domain.base import clock
from domain.documents import archive, files, invoices
from models import Document, Job, JobState, User, db
from tests.cast import Cast
from tests.documents.orders import Item, paid
from tests.fixtures import REAL_RENDER

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def address(app: Flask, cast: Cast) -> str:
    """Where the invoice of the cast's order is."""
    with app.app_context():
        document = db.session.scalars(select(Document)).one()
        jobs.enqueue("make_document", document_id=str(document.id))
        db.session.commit()
        return f"/orders/LN-TEST-0001/documents/{document.number}.pdf"


def key_of(app: Flask) -> str | None:
    with app.app_context():
        return db.session.scalars(select(Document.pdf_key)).one()


def test_the_worker_makes_it_once(app: Flask, cast: Cast, address: str, signed_in: SignIn) -> None:
    assert key_of(app) is None
    on_the_spot = signed_in(cast.bo).get(address)
    with app.app_context():
        jobs.run_all()
    key = key_of(app)
    assert key is not None
    kept = signed_in(cast.bo).get(address)
    assert kept.data == on_the_spot.data
    assert (kept.status_code, kept.mimetype) == (200, "application/pdf")
    assert kept.headers["Cache-Control"] == "private, no-store"
    with app.app_context():
        assert files.begin(str(db.session.scalars(select(Document.id)).one())) is None


def test_a_real_one_is_a_pdf(
    app: Flask, cast: Cast, address: str, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "render", REAL_RENDER)
    assert signed_in(cast.bo).get(address).data.startswith(b"%PDF-1.")


def test_a_lost_file_is_made_again(app: Flask, cast: Cast, address: str, signed_in: SignIn) -> None:
    with app.app_context():
        jobs.run_all()
        storage.current().delete(str(db.session.scalars(select(Document.pdf_key)).one()))
    assert signed_in(cast.bo).get(address).status_code == 200


def test_one_that_fails_is_tried_again(app: Flask, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_document: Document) -> bytes:
        raise OSError("disk full")

    with app.app_context(), monkeypatch.context() as patched:
        patched.setattr(files, "render", fail)
        jobs.run_all()
        job = db.session.scalars(select(Job).where(Job.kind == "make_document")).one()
        assert (job.state, job.attempts) == (JobState.QUEUED, 1)
        assert "disk full" in (job.last_error or "")


def test_others_do_not_see_it(cast: Cast, address: str, client: FlaskClient, signed_in: SignIn) -> None:
    assert client.get(address).status_code == 303
    assert signed_in(cast.cy).get(address).status_code == 404
    assert signed_in(cast.ada).get(address).status_code == 404
    assert signed_in(cast.mo).get(address).status_code == 200
    assert signed_in(cast.bo).get(address.replace("LN-TEST-0001", "LN-TEST-0002")).status_code == 404


def invoiced(app: Flask, cast: Cast, days: int) -> list[str]:
    """An invoice a day for so many days up to today; their numbers."""
    with app.app_context():
        now = clock.now()
        numbers = [
            invoices.issue(paid(cast, Item(1900)), now - timedelta(days=day)).number for day in range(days)
        ]
        db.session.commit()
    return numbers


def period(days: int) -> dict[str, str]:
    today = clock.now().date()
    return {"from": str(today - timedelta(days=days)), "to": str(today)}


def test_a_period_is_one_archive(
    app: Flask, cast: Cast, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "BATCH", 2)
    numbers = invoiced(app, cast, 9)
    with app.app_context():
        jobs.run_all()
    answer = signed_in(cast.mo).get("/admin/documents.zip", query_string=period(5))
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        assert {f"{number}.pdf" for number in numbers[:6]} <= set(packed.namelist())
        assert f"{numbers[6]}.pdf" not in packed.namelist()
        assert packed.read(f"{numbers[0]}.pdf") == f"%PDF- {numbers[0]}".encode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Choose the first and the last day"),
        ({"from": "2026-02-02"}, "Choose the first and the last day"),
        ({"from": "nonsense", "to": "2026-02-30"}, "Choose the first and the last day"),
        ({"from": "2026-02-02", "to": "2026-01-01"}, "The first day is after the last one."),
        ({"from": "2001-01-01", "to": "2001-01-02"}, "No documents were issued in these days."),
    ],
)
def test_an_archive_of_nothing_is_refused_beside_the_fields(
    cast: Cast, signed_in: SignIn, given: dict[str, str], sentence: str
) -> None:
    answer = signed_in(cast.mo).get("/admin/documents.zip", query_string=given)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert all(f'value="{text}"' in answer.text for text in given.values())


def test_an_archive_that_is_too_large_is_refused(
    app: Flask, cast: Cast, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoiced(app, cast, 3)
    monkeypatch.setattr(archive, "MOST_ON_THE_SPOT", 2)
    mo = signed_in(cast.mo)
    assert "The worker still has to make" in mo.get("/admin/documents.zip", query_string=period(5)).text
    monkeypatch.setattr(archive, "MOST", 2)
    assert "Choose fewer days." in mo.get("/admin/documents.zip", query_string=period(5)).text


@pytest.mark.parametrize(
    ("text", "found"), [("", 3), ("inv", 3), ("CN", 0), ("LN-TEST", 1), ("nothing", 0), ("INV-1999", 0)]
)
def test_documents_are_found(app: Flask, cast: Cast, signed_in: SignIn, text: str, found: int) -> None:
    invoiced(app, cast, 2)
    page = signed_in(cast.mo).get("/admin/documents", query_string={"q": text})
    assert page.text.count("/documents/INV-") == found


def test_the_list_goes_on_behind_a_page(
    app: Flask, cast: Cast, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.documents.lookups.PAGE_SIZE", 2)
    numbers = invoiced(app, cast, 4)
    mo = signed_in(cast.mo)
    seen, where = "", "/admin/documents"
    for _ in range(3):
        page = mo.get(where).text
        seen += page
        older = re.search(r'href="([^"]+)"[^>]*><span>Older', page)
        if older is None:
            break
        where = html.unescape(older[1])
    assert all(seen.count(f"/documents/{number}.pdf") == 1 for number in numbers)
