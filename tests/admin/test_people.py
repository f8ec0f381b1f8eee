"""Finding people, and what admins change about them."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

import jobs
from domain.base import clock
from domain.learning import access
from domain.people import directory, names
from domain.people.directory import PeopleFilter
from models import AccessGrant, AuditEntry, CreatorProfile, GrantSource, Role, User, db
from tests.admin.query_counts import Counter, queries  # noqa: F401
from tests.auth.mails import SignIn, sent
from tests.cast import Cast


def person(app: Flask, user: User) -> User:
    """The row as it is now."""
    with app.app_context():
        row = db.session.get_one(User, user.id)
        db.session.expunge(row)
        return row


def log(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.execute(db.select(AuditEntry.action, AuditEntry.note).order_by(AuditEntry.id))
        return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ad", {"Ada"}),
        ("ADA@", {"Ada"}),
        ("b", {"Bo"}),
        ("example", set()),
        ("da", set()),
        ("%", set()),
        ("a_a", set()),
        ("'; drop", set()),
    ],
)
def test_people_are_found_by_how_they_begin(app: Flask, cast: Cast, text: str, found: set[str]) -> None:
    with app.app_context():
        assert {user.name for user in directory.search(text, PeopleFilter.ALL).rows} == found


def test_names_with_accents_are_found(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.get_one(User, cast.cy.id).name = "Élodie Ünal"
        db.session.commit()
        for text in ("Élo", "élo", "ÉLODIE ü", "Élodie Ü"):
            assert [user.name for user in directory.search(text, PeopleFilter.ALL).rows] == ["Élodie Ünal"], (
                text
            )


def test_surnames_are_found_and_follow_the_name(app: Flask, cast: Cast) -> None:
    def found(text: str) -> list[str]:
        return [user.name for user in directory.search(text, PeopleFilter.ALL).rows]

    with app.app_context():
        db.session.get_one(User, cast.cy.id).name = "Grace  Brewster Høpper"
        db.session.commit()
        assert found("hop") == found("HØPP") == found("grace brew") == ["Grace  Brewster Høpper"]
        assert found("brewster") == []
        db.session.get_one(User, cast.cy.id).name = "Grace Murray"
        db.session.commit()
        assert found("hop") == []
        db.session.execute(db.update(User).where(User.id == cast.cy.id).values(surname_folded="x"))
        assert names.refold_all() == 1
        assert found("murr") == ["Grace Murray"]


def test_names_that_an_upgrade_left_unfolded_are_folded_in_batches(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "BATCH", 2)
    with app.app_context():
        db.session.get_one(User, cast.cy.id).name = "?"  # as folded as it gets
        db.session.commit()
        stored = db.select(User.name_folded, User.surname_folded).order_by(User.id)
        right = db.session.execute(stored).all()
        db.session.execute(db.update(User).values(name_folded="?", surname_folded="?"))
        jobs.enqueue("fold_names")
        db.session.commit()
        jobs.run_all()
        assert db.session.execute(stored).all() == right


@pytest.mark.parametrize("sort", ["newest", "oldest", "name"])
def test_the_list_is_sorted_and_paged(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(directory, "PAGE_SIZE", 2)
    with app.app_context():
        db.session.add_all([User(email=f"p{n}@example.com", name="Ada") for n in range(3)])
        db.session.commit()
        listed: list[User] = []
        after = None
        while page := directory.page(PeopleFilter.ALL, directory.PeopleSort(sort), after):
            listed += page.rows
            after = page.after
            if after is None:
                break
        everyone = list(db.session.scalars(db.select(User).where(User.deleted_at.is_(None))))
        orders = {
            "newest": lambda user: -user.id.int,
            "oldest": lambda user: user.id.int,
            "name": lambda user: (user.name_folded, user.id.int),
        }
        assert [user.id for user in listed] == [user.id for user in sorted(everyone, key=orders[sort])]


def test_the_address_keeps_what_is_searched(cast: Cast, signed_in: SignIn) -> None:
    swap = {
        "HX-Request": "true",
        "HX-Target": "people",
        "HX-Current-URL": "http://localhost/admin/users?kind=all",
    }
    answer = signed_in(cast.mo).get("/admin/users?kind=all&q=ad", headers=swap)
    assert answer.headers["HX-Replace-Url"] == "/admin/users?kind=all&q=ad"


def test_a_search_walks_an_index(app: Flask, cast: Cast, queries: Counter) -> None:  # noqa: F811
    with app.app_context():
        directory.search("ad", PeopleFilter.ALL)
        if db.engine.dialect.name == "sqlite":
            for statement, parameters in list(queries.seen):
                plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                text = " ".join(str(row[-1]) for row in plan)
                assert "SCAN users" not in text, text


def test_the_list_is_paged_without_counting(
    app: Flask, cast: Cast, signed_in: SignIn, queries: Counter  # noqa: F811
) -> None:  # fmt: skip
    with app.app_context():
        db.session.add_all([User(email=f"p{n}@example.com", name=f"Person {n}") for n in range(60)])
        db.session.commit()
    mo = signed_in(cast.mo)
    queries.clear()
    page = mo.get("/admin/users").text
    assert len(queries) <= 4
    assert page.count("@example.com") >= directory.PAGE_SIZE
    older = page.split("Older")[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert "ada@example.com" in mo.get(older).text
    assert "Ada" in mo.get("/admin/users?kind=vetted").text
    assert "Nia" not in mo.get("/admin/users?kind=vetted").text
    assert "No people found" in mo.get("/admin/users?q=zzz").text


def test_the_page_of_a_person(
    cast: Cast, signed_in: SignIn, queries: Counter  # noqa: F811
) -> None:  # fmt: skip
    mo = signed_in(cast.mo)
    queries.clear()
    page = mo.get(f"/admin/users/{cast.bo.id}").text
    assert len(queries) <= 13
    assert "LN-TEST-0001" in page
    assert "Flask, first steps" in page
    assert "Secret draft" in mo.get(f"/admin/users/{cast.nia.id}").text
    assert mo.get(f"/admin/users/{uuid.uuid4()}").status_code == 404
    for name in ("bo", "ada"):
        assert signed_in(getattr(cast, name)).get(f"/admin/users/{cast.mo.id}").status_code == 404


def test_a_role_is_changed_told_and_written_down(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo = signed_in(cast.mo)
    for _ in range(2):
        assert mo.post(f"/admin/users/{cast.cy.id}/role", data={"role": "creator"}).status_code == 303
    assert person(app, cast.cy).role == Role.CREATOR
    assert log(app) == [("change_role", "learner → creator")]
    assert len(sent(app, "role_changed", "cy@example.com")) == 1
    with app.app_context():
        assert db.session.get_one(CreatorProfile, cast.cy.id).slug == "cy"
    assert mo.post(f"/admin/users/{cast.cy.id}/role", data={"role": "emperor"}).status_code == 422
    mo.post(f"/admin/users/{cast.ada.id}/role", data={"role": "learner"})
    assert person(app, cast.ada).vetted is False


def test_vetting_and_its_end(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo, page = signed_in(cast.mo), f"/admin/users/{cast.nia.id}/vetted"
    for _ in range(2):
        assert mo.post(page, data={"on": "y"}).status_code == 303
    assert person(app, cast.nia).vetted
    mo.post(page, data={"on": "no"})
    assert not person(app, cast.nia).vetted
    assert [action for action, _ in log(app)] == ["vet", "unvet"]
    answer = mo.post(f"/admin/users/{cast.cy.id}/vetted", data={"on": "y"})
    assert answer.status_code == 422
    assert "Only creators can be trusted" in answer.text


def test_every_course_is_opened_and_closed(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo, cy = signed_in(cast.mo), signed_in(cast.cy)
    lesson, page = "/learn/flask-first-steps/routes", f"/admin/users/{cast.cy.id}/everything"
    assert cy.get(lesson).status_code == 403
    mo.post(page, data={"on": "y"})
    assert cy.get(lesson).status_code == 200
    mo.post(page, data={"on": "no"})
    assert cy.get(lesson).status_code == 403
    assert len(sent(app, "access_given", "cy@example.com")) == 1


def test_a_course_is_given_until_a_day_and_taken_back(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo, cy = signed_in(cast.mo), signed_in(cast.cy)
    lesson, page = "/learn/flask-first-steps/routes", f"/admin/users/{cast.cy.id}/courses"
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    living = db.select(AccessGrant).where(AccessGrant.user_id == cast.cy.id, AccessGrant.revoked_at.is_(None))
    words = {"course": "https://example.com/courses/flask-first-steps", "expires_on": tomorrow}
    for _ in range(2):
        assert mo.post(page, data=words).status_code == 303
    (mail,) = sent(
        app, "access_given", "cy@example.com"
    )  # one for one gift, and none that welcomes beside it
    assert sent(app, "welcome_to_course", "cy@example.com") == []
    day = clock.now() + timedelta(days=1)
    assert mail.data["until"] == f"{day.day} {day:%B %Y}"
    assert f">{day.day} {day:%b %Y}</time>" in mo.get(f"/admin/users/{cast.cy.id}").text
    assert cy.get(lesson).status_code == 200
    with app.app_context():
        grant = db.session.scalars(living).one()
        assert grant.expires_at is not None
        grant.expires_at = clock.now() - timedelta(seconds=1)
        db.session.commit()
    assert cy.get(lesson).status_code == 403
    assert mo.post(page, data={"course": "flask-first-steps"}).status_code == 303
    assert cy.get(lesson).status_code == 200
    again = mo.post(page, data={"course": "flask-first-steps"})
    assert again.status_code == 422
    assert "already own this course" in again.text
    with app.app_context():
        key = db.session.scalars(living).one().id
    for _ in range(2):
        assert mo.post(f"{page}/{key}/take-back").status_code == 303
    assert cy.get(lesson).status_code == 403
    assert [action for action, _ in log(app)][-1] == "take_back_course"
    assert sent(app, "access_given", "cy@example.com")


def test_how_a_course_came_to_a_person_is_said(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        db.session.add(
            AccessGrant(
                user_id=cast.bo.id, course_id=cast.free_course.id, source=GrantSource.FREE,
                source_id=cast.free_course.id, granted_at=clock.now(),
            )
        )  # fmt: skip
        db.session.commit()
    mo = signed_in(cast.mo)
    assert mo.post(f"/admin/users/{cast.cy.id}/courses", data={"course": "reading-code"}).status_code == 303
    said = [
        [words for words in ("Bought", "Free course", "Given by an admin") if f">{words}</td>" in page]
        for page in (mo.get(f"/admin/users/{user.id}").text for user in (cast.bo, cast.cy))
    ]
    assert said == [["Bought", "Free course"], ["Given by an admin"]]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"course": "no-such-course"}, "No course has this address"),
        ({"course": ""}, "Enter a course address"),
        ({"course": "flask-first-steps", "expires_on": "2020-01-01"}, "That day has passed"),
        ({"course": "flask-first-steps", "expires_on": "9999-12-31"}, "in this century"),
        ({"course": "flask-first-steps", "expires_on": "soon"}, "Enter a date such as"),
        ({"course": "a" * 10_000}, "too long"),
    ],
)
def test_a_wrong_gift_is_explained(
    cast: Cast, signed_in: SignIn, words: dict[str, str], sentence: str
) -> None:
    answer = signed_in(cast.mo).post(f"/admin/users/{cast.cy.id}/courses", data=words)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_bought_courses_are_not_taken_back(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        bought = access.grants_of(db.session.get_one(User, cast.bo.id), cast.flask_course)[0].id
    mo = signed_in(cast.mo)
    for user, grant in ((cast.bo, bought), (cast.cy, bought), (cast.bo, uuid.uuid4())):
        assert mo.post(f"/admin/users/{user.id}/courses/{grant}/take-back").status_code == 422
    assert signed_in(cast.bo).get("/learn/flask-first-steps/routes").status_code == 200


def test_nobody_else_may(app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient) -> None:
    page = f"/admin/users/{cast.cy.id}"
    for path, words in (("role", {"role": "admin"}), ("vetted", {"on": "y"}), ("suspend", {"reason": "x"})):
        assert signed_in(cast.ada).post(f"{page}/{path}", data=words).status_code == 404
        assert client.post(f"{page}/{path}", data=words).status_code == 303
    assert log(app) == []
