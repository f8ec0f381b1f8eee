"""Categories: two levels, in an order, shown at once, kept while they are used."""

import threading
import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

import jobs
from domain.catalog import categories
from domain.catalog.index import search
from models import AuditEntry, Category, Job, User, db
from tests.auth.mails import SignIn
from tests.cast import Cast
from tests.catalog.shop import add_course
from tests.catalog.test_search import titles


def category_called(app: Flask, name: str) -> Category | None:
    with app.app_context():
        row = db.session.scalar(db.select(Category).where(Category.name == name))
        if row is not None:
            db.session.expunge(row)
        return row


def order(client: FlaskClient) -> list[str]:
    page = client.get("/courses").text
    return sorted(
        (name for name in ("Web", "Data") if f">{name}<" in page), key=lambda n: page.index(f">{n}<")
    )


def test_one_is_added_renamed_and_keeps_its_address(
    app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient
) -> None:
    mo = signed_in(cast.mo)
    words = {"name": "Maps & more", "description": "Where things are.", "icon": "compass", "parent_id": ""}
    assert mo.post("/admin/categories", data=words).status_code == 303
    made = category_called(app, "Maps & more")
    assert made is not None
    assert (made.slug, made.position, made.parent_id) == ("maps-more", 3, None)
    assert client.get("/categories/maps-more").status_code == 200
    twice = mo.post("/admin/categories", data={**words, "name": "MAPS & MORE"})
    assert twice.status_code == 422
    assert "has this name" in twice.text
    renamed = {**words, "name": "Atlas", "parent_id": str(cast.web.id)}
    assert mo.post(f"/admin/categories/{made.id}", data=renamed).status_code == 303
    assert "Atlas" in client.get("/categories/maps-more").text
    moved = category_called(app, "Atlas")
    assert moved is not None
    assert moved.parent_id == cast.web.id


def test_there_are_two_levels(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo = signed_in(cast.mo)
    words = {"name": "Deep", "icon": "book", "parent_id": str(cast.flask_category.id)}
    assert mo.post("/admin/categories", data=words).status_code == 422
    under_data = {"name": "Web", "icon": "code", "parent_id": str(cast.data.id)}
    answer = mo.post(f"/admin/categories/{cast.web.id}", data=under_data)
    assert answer.status_code == 422
    assert "has subcategories" in answer.text
    under_itself = {**under_data, "parent_id": str(cast.web.id)}
    assert mo.post(f"/admin/categories/{cast.web.id}", data=under_itself).status_code == 422
    unknown = {**under_data, "parent_id": str(uuid.uuid4())}
    assert mo.post(f"/admin/categories/{cast.web.id}", data=unknown).status_code == 422


def test_moving_changes_the_catalogue_at_once(
    app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient
) -> None:
    assert order(client) == ["Web", "Data"]
    mo = signed_in(cast.mo)
    for _ in range(2):
        assert mo.post(f"/admin/categories/{cast.web.id}/move", data={"to": "down"}).status_code == 303
    assert order(client) == ["Data", "Web"]
    mo.post(f"/admin/categories/{cast.web.id}/move", data={"to": "up"})
    assert order(client) == ["Web", "Data"]
    assert mo.post(f"/admin/categories/{cast.web.id}/move", data={"to": "left"}).status_code == 400


def test_only_an_empty_one_is_deleted(app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient) -> None:
    mo = signed_in(cast.mo)
    for category, words in ((cast.web, "has subcategories"), (cast.data, "has courses")):
        answer = mo.post(f"/admin/categories/{category.id}/delete", follow_redirects=True)
        assert words in answer.text
        assert category_called(app, category.name) is not None
    mo.post("/admin/categories", data={"name": "Empty", "icon": "book", "parent_id": ""})
    empty = category_called(app, "Empty")
    assert empty is not None
    for _ in range(2):
        assert mo.post(f"/admin/categories/{empty.id}/delete").status_code == 303
    assert category_called(app, "Empty") is None
    assert client.get("/categories/empty").status_code == 404


def test_courses_are_found_by_the_new_name_of_their_shelf(
    app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BATCH", 2)
    taught = [f"Thing {number}" for number in range(5)]
    with app.app_context():
        for title in taught:
            add_course(cast, title, category=cast.flask_category)
    mo = signed_in(cast.mo)
    words = {"name": "Harbour", "icon": "code", "parent_id": ""}
    assert titles(client, "/courses?q=harbour&sort=newest") == []  # remembered by the catalogue in memory
    assert mo.post(f"/admin/categories/{cast.web.id}", data=words).status_code == 303
    with app.app_context():
        jobs.run_all()
    assert sorted(titles(client, "/courses?q=harbour")) == ["Flask, first steps", *taught]

    down = {"name": "Bottles", "icon": "code", "parent_id": str(cast.data.id)}
    assert mo.post(f"/admin/categories/{cast.flask_category.id}", data=down).status_code == 303
    with app.app_context():
        jobs.run_all()
    assert titles(client, "/courses?q=harbour") == []
    assert len(titles(client, "/courses?q=bottles")) == len(taught) + 1
    assert len(titles(client, "/courses?q=data+thing")) == len(taught)


def test_other_changes_of_a_shelf_write_no_words_anew(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    words = {"name": "Web", "description": "Other words.", "icon": "code", "parent_id": ""}
    assert signed_in(cast.mo).post(f"/admin/categories/{cast.web.id}", data=words).status_code == 303
    with app.app_context():
        assert db.session.scalar(db.select(Job.id).where(Job.kind == "reindex_category")) is None


@pytest.mark.parametrize("what", ["", "/move", "/delete"])
def test_one_that_is_deleted_while_another_admin_saves_it_is_gone(
    app: Flask, cast: Cast, signed_in: SignIn, what: str
) -> None:
    mo, words = signed_in(cast.mo), {"name": "Spare", "icon": "book", "parent_id": "", "to": "up"}
    mo.post("/admin/categories", data=words)
    spare = category_called(app, "Spare")
    assert spare is not None
    answers: list[int] = []
    saving = threading.Thread(
        target=lambda: answers.append(mo.post(f"/admin/categories/{spare.id}{what}", data=words).status_code)
    )
    with app.app_context():
        admin = db.session.get_one(User, cast.mo.id)
        categories.delete(db.session.get_one(Category, spare.id), admin)
        saving.start()
        saving.join(0.7)
        assert saving.is_alive()
        db.session.commit()
    saving.join(10)
    assert answers == [303 if what == "/delete" else 404]
    with app.app_context():
        gone = db.select(AuditEntry).where(AuditEntry.action == "delete_category")
        assert len(db.session.scalars(gone).all()) == 1


def test_two_names_with_the_same_letters_have_two_addresses(app: Flask, cast: Cast) -> None:
    with app.app_context():
        mo = db.session.get_one(User, cast.mo.id)
        made = [
            categories.add(categories.CategoryInput(name, "", "book", None), mo).slug
            for name in ("Maps", "Maps!", "Maps?")
        ]
        assert made == ["maps", "maps-2", "maps-3"]
