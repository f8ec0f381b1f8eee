"""The cart: adding, what its lines say, removing and undoing, for guests and people."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from domain import Refused
from domain.base import clock
from domain.cart import carts, contents
from domain.catalog import kinds
from domain.gifts.terms import check
from domain.learning import access
from domain.platform import events
from models import (
    Cart,
    CartItem,
    Coupon,
    Course,
    Event,
    GrantSource,
    OrderStatus,
    Product,
    ProductStatus,
    ProductVisibility,
    Role,
    User,
    WishlistItem,
    course_prerequisites,
    db,
)
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.orders.test_receipts import order_of

Browser = Callable[[User], FlaskClient]
ITEMS = "/cart/items"
PAGE = "/courses/flask-first-steps"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
NOBODYS = "01890000-0000-7000-8000-000000000000"


def put(client: FlaskClient, product: Product, **headers: str) -> object:
    return client.post(ITEMS, data={"product": str(product.id)}, headers=headers)


def change(app: Flask, product: Product, **values: object) -> None:
    with app.app_context():
        row = db.session.get_one(Course, product.id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


def queries(app: Flask, ask: Callable[[], object]) -> list[str]:
    """List the statements that a request sends."""
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return asked


def rows(app: Flask) -> list[CartItem]:
    with app.app_context():
        return list(db.session.scalars(select(CartItem).where(CartItem.removed_at.is_(None))))


def test_a_guest_fills_a_cart(app: Flask, client: FlaskClient, cast: Cast) -> None:
    assert "Your cart is empty" in client.get("/cart").text
    assert client.get_cookie("lectern_cart") is None
    answer = client.post(ITEMS, data={"product": str(cast.flask_course.id)})
    assert (answer.status_code, answer.location) == (303, "/cart")
    cookie = client.get_cookie("lectern_cart")
    assert cookie is not None
    assert cookie.http_only
    page = client.get("/cart").text
    assert "Flask, first steps" in page
    assert "$19.00" in page
    assert 'aria-label="Cart, 1 in it"' in page
    assert "Sign in to check out" in page
    put(client, cast.flask_course)
    put(client, cast.free_course)
    assert [(row.product_id, row.price_cents) for row in rows(app)] == [
        (cast.flask_course.id, 1900), (cast.free_course.id, 0),
    ]  # fmt: skip
    assert "Cart, 2 in it" in client.get(PAGE).text


def test_public_pages_of_guests_keep_their_etag(client: FlaskClient, cast: Cast) -> None:
    before = client.get("/courses")
    assert before.headers["ETag"]
    assert "Set-Cookie" not in before.headers
    put(client, cast.flask_course, **HTMX)
    client.delete_cookie("lectern")  # the session of the toast
    after = client.get("/courses")
    assert after.headers["ETag"] not in ("", before.headers["ETag"])
    assert "Set-Cookie" not in after.headers
    again = client.get("/courses", headers={"If-None-Match": after.headers["ETag"]})
    assert again.status_code == 304


def test_visitors_without_a_cart_cost_no_query(app: Flask, client: FlaskClient, cast: Cast) -> None:
    client.get("/about")
    asked = queries(app, lambda: client.get("/about"))
    assert [one for one in asked if "cart" in one] == []


def test_adding_in_place(client: FlaskClient, cast: Cast, signed_in: Browser) -> None:
    for browser in (client, signed_in(cast.cy)):
        assert f'name="product" value="{cast.flask_course.id}"' in browser.get(PAGE).text
        data = {"product": str(cast.flask_course.id), "size": "icon"}
        answer = browser.post(ITEMS, data=data, headers=HTMX)
        assert answer.status_code == 200
        assert "In your cart" in answer.text
        assert 'hx-target="#tool-cart"' in answer.text
        assert "Cart, 1 in it" in answer.text
        assert "In your cart" in browser.get(PAGE).text
        assert "In your cart: Flask, first steps" in browser.get("/courses").text


def test_what_cannot_be_had_is_not_added(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: Browser
) -> None:
    bo = signed_in(cast.bo)
    assert put(bo, cast.flask_course).location == PAGE
    assert "You already own this course." in bo.get(PAGE).text
    assert put(signed_in(cast.ada), cast.flask_course).location == PAGE
    assert put(client, cast.draft_course).status_code == 404
    change(app, cast.flask_course, status=ProductStatus.ARCHIVED)
    assert put(client, cast.flask_course).location == PAGE
    assert "This course isn’t for sale right now." in client.get(PAGE).text
    assert rows(app) == []


@pytest.mark.parametrize(
    "product", ["", "x", "-1", NOBODYS, "9" * 10_000, "%00", "1; DROP TABLE carts", "../../etc", "💥"]
)
def test_hostile_ids_are_not_found(client: FlaskClient, cast: Cast, product: str) -> None:
    assert client.post(ITEMS, data={"product": product, "quantity": "-5"}).status_code == 404
    assert client.get_cookie("lectern_cart") is None


def test_a_quantity_means_nothing(app: Flask, client: FlaskClient, cast: Cast) -> None:
    for quantity in ("-1", "0", "1e9"):
        client.post(ITEMS, data={"product": str(cast.flask_course.id), "quantity": quantity})
    assert len(rows(app)) == 1


@pytest.mark.parametrize("forged", ["x", "", "a.b", "." * 5000, "ImE1Ig.AAAA", NOBODYS])
def test_a_forged_cookie_opens_nothing(app: Flask, client: FlaskClient, cast: Cast, forged: str) -> None:
    put(client, cast.flask_course)
    stranger = app.test_client()
    stranger.set_cookie("lectern_cart", forged)
    assert "Your cart is empty" in stranger.get("/cart").text
    assert "Cart, 1" not in stranger.get("/courses").text
    put(stranger, cast.free_course)
    assert len({row.cart_id for row in rows(app)}) == 2


def test_a_token_never_opens_a_persons_cart(app: Flask, cast: Cast, signed_in: Browser) -> None:
    put(signed_in(cast.cy), cast.flask_course)
    with app.app_context():
        cart = db.session.scalars(select(Cart)).one()
        token = carts.token_of(cart)
    stranger = app.test_client()
    stranger.set_cookie("lectern_cart", token)
    assert "Your cart is empty" in stranger.get("/cart").text
    put(stranger, cast.free_course)
    assert len({row.cart_id for row in rows(app)}) == 2


def test_another_carts_lines_are_out_of_reach(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: Browser
) -> None:
    put(signed_in(cast.cy), cast.flask_course)
    [line] = rows(app)
    for browser in (client, signed_in(cast.una), signed_in(cast.mo)):
        for verb in ("remove", "put-back"):
            assert browser.post(f"{ITEMS}/{line.id}/{verb}").status_code == 404
    assert signed_in(cast.una).post(f"{ITEMS}/{line.id}/save").status_code == 404
    assert client.post(f"{ITEMS}/{line.id}/save").location.startswith("/login")
    put(client, cast.free_course)
    assert client.post(f"{ITEMS}/{line.id}/remove").status_code == 404
    assert client.post(f"{ITEMS}/{NOBODYS}/remove").status_code == 404
    assert len(rows(app)) == 2


def test_removing_and_undoing(app: Flask, client: FlaskClient, cast: Cast) -> None:
    put(client, cast.flask_course)
    [line] = rows(app)
    change(app, cast.flask_course, price_cents=2500)
    answer = client.post(f"{ITEMS}/{line.id}/remove", headers=HTMX)
    assert "Your cart is empty" in answer.text
    assert 'aria-label="Cart"' in answer.text
    assert f'action="{ITEMS}/{line.id}/put-back"' in answer.text
    assert rows(app) == []
    for _ in range(2):
        assert client.post(f"{ITEMS}/{line.id}/put-back").location == "/cart"
    assert [(row.id, row.price_cents) for row in rows(app)] == [(line.id, 1900)]
    assert client.post(f"{ITEMS}/{line.id}/remove").location == "/cart"
    put(client, cast.flask_course)
    assert client.post(f"{ITEMS}/{line.id}/put-back").status_code == 404, "it was added anew"
    assert [row.price_cents for row in rows(app)] == [2500]


def test_save_for_later(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    put(cy, cast.flask_course)
    [line] = rows(app)
    answer = cy.post(f"{ITEMS}/{line.id}/save", headers=HTMX)
    assert "is on your wishlist" in answer.text
    assert rows(app) == []
    with app.app_context():
        assert [one.product_id for one in db.session.scalars(select(WishlistItem))] == [cast.flask_course.id]
    assert 'action="/cart/items"' in cy.get("/wishlist").text


def test_each_line_says_what_is_true_now(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    put(cy, cast.flask_course)
    put(cy, cast.free_course)
    change(app, cast.flask_course, price_cents=2500)
    page = cy.get("/cart").text
    assert "it was $19.00, now it’s $25.00" in page
    assert "2 items" in page
    change(app, cast.flask_course, price_cents=0, tier=None)
    assert "it was $19.00, now it’s free" in cy.get("/cart").text
    change(app, cast.flask_course, visibility=ProductVisibility.PRIVATE)
    page = cy.get("/cart").text
    assert "You can’t buy this course right now." in page
    assert f'href="{PAGE}"' not in page
    change(app, cast.flask_course, visibility=ProductVisibility.PUBLIC)
    with app.test_request_context(method="POST"):
        access.grant(cast.cy.id, cast.flask_course.id, GrantSource.FREE, cast.flask_course.id)
        db.session.commit()
    page = cy.get("/cart").text
    assert "You already own this course." in page
    assert "1 item" in page


def test_a_lock_is_said_and_its_way_offered(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        row = {"course_id": cast.flask_course.id, "prerequisite_id": cast.free_course.id}
        db.session.execute(course_prerequisites.insert().values(**row, locks_since=clock.now()))
        db.session.commit()
    put(client, cast.flask_course)
    page = client.get("/cart").text
    assert "Opens after you finish “Reading code” (free)." in page
    assert "Add “Reading code” to the cart" in page
    put(client, cast.free_course)
    assert "“Reading code” is in your cart too." in client.get("/cart").text


def test_who_may_open_everything_needs_none(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    put(cy, cast.flask_course)
    with app.app_context():
        db.session.get_one(User, cast.cy.id).role = Role.ADMIN
        db.session.commit()
    assert "You have access to every course." in cy.get("/cart").text
    assert "Add to cart" not in cy.get("/courses").text


def test_a_cart_holds_so_many_lines(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carts, "MOST", 1)
    with app.test_request_context(method="POST"):
        cy = db.session.get_one(User, cast.cy.id)
        cart = carts.open_for(cy)
        first = carts.add(cart, cy, db.session.get_one(Product, cast.flask_course.id))
        with pytest.raises(Refused, match="can hold"):
            carts.add(cart, cy, db.session.get_one(Product, cast.free_course.id))
        carts.remove(cart, first.id)
        carts.add(cart, cy, db.session.get_one(Product, cast.free_course.id))
        with pytest.raises(Refused, match="can hold"):
            carts.put_back(cart, first.id)


def test_what_is_free_is_taken(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        cy = db.session.get_one(User, cast.cy.id)
        cart = carts.open_for(cy)
        for course in (cast.flask_course, cast.free_course):
            carts.add(cart, cy, db.session.get_one(Product, course.id))
        assert [line.id for line in contents.take_free(cy)] == [cast.free_course.id]
        assert access.owns(cy, db.session.get_one(Product, cast.free_course.id))
        assert [line.id for line in contents.lines(cart)] == [cast.flask_course.id]
        assert contents.take_free(cy) == []
        carts.remove_bought(cy, [cast.flask_course.id])
        assert contents.lines(cart) == []


def test_other_sites_put_nothing_into_a_cart(app: Flask, client: FlaskClient, cast: Cast) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        there = {"Origin": "https://evil.example"}
        assert put(client, cast.flask_course, **there).status_code == 400
        assert put(client, cast.flask_course).status_code == 400
        assert rows(app) == []
        assert put(client, cast.flask_course, Origin="http://localhost").status_code == 303
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert len(rows(app)) == 1


def test_a_cart_of_fifty_lines_asks_little(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        cart = Cart(user_id=cast.cy.id)
        db.session.add(cart)
        for number in range(carts.MOST):
            course = Course(
                title=f"Course {number}", slug=f"course-{number}", summary="x", description="",
                creator_id=cast.ada.id, category_id=cast.web.id, price_cents=1000 + number, currency="usd",
                status=ProductStatus.PUBLISHED, published_at=clock.now(),
            )  # fmt: skip
            db.session.add(course)
            db.session.flush()
            db.session.add(CartItem(cart_id=cart.id, product_id=course.id, price_cents=900))
        db.session.commit()
    cy = signed_in(cast.cy)
    cy.get("/cart")
    asked = queries(app, lambda: cy.get("/cart"))
    page = cy.get("/cart").text
    assert page.count("now it’s $1") == carts.MOST
    assert len(asked) <= 8, asked


def test_what_a_bank_is_paying_is_not_counted_again(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    put(cy, cast.flask_course)
    assert "1 item" in cy.get("/cart").text
    number = order_of(app, cast, cast.cy, status=OrderStatus.PENDING, confirming_since=clock.now())
    page = cy.get("/cart").text
    assert "your bank is still paying" in page
    assert f'href="/orders/{number}"' in page
    assert "Nothing in your cart can be bought now." in page
    with app.test_request_context(method="POST"):
        gift = db.session.scalars(select(CartItem)).one()
        gift.recipient_email = "friend@example.com"
        db.session.commit()
    assert "1 item" in cy.get("/cart").text, "a present of it is bought all the same"


def test_what_is_put_in_and_taken_out_is_counted(app: Flask, client: FlaskClient, cast: Cast) -> None:
    firefox = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    client.post(ITEMS, data={"product": str(cast.flask_course.id)}, headers=firefox)
    client.post(f"{ITEMS}/{rows(app)[0].id}/remove", headers=firefox)
    with app.app_context():
        events.flush()
        found = db.session.execute(
            select(Event.name, Event.properties).where(Event.name.like("cart%")).order_by(Event.id)
        )
        about = {"product": str(cast.flask_course.id), "amount_cents": 1900}
        assert found.all() == [("cart_added", about), ("cart_removed", about)]


def test_old_carts_of_guests_go(app: Flask, cast: Cast) -> None:
    with app.app_context():
        now = clock.now()
        old, young = Cart(changed_at=now - carts.KEEP_GUESTS), Cart(changed_at=now - timedelta(days=59))
        own = Cart(user_id=cast.cy.id, changed_at=now - timedelta(days=900))
        db.session.add_all([old, young, own])
        db.session.flush()
        removed = CartItem(
            cart_id=own.id,
            product_id=cast.flask_course.id,
            price_cents=1,
            removed_at=now - carts.KEEP_REMOVED,
        )
        stays = CartItem(cart_id=own.id, product_id=cast.free_course.id, price_cents=1, removed_at=now)
        db.session.add_all([removed, stays])
        db.session.commit()
        keep, line = {young.id, own.id}, stays.id
        carts.clean_up()
        assert set(db.session.scalars(select(Cart.id))) == keep
        assert list(db.session.scalars(select(CartItem.id))) == [line]


def test_a_bundle_holds_what_is_in_the_cart_too(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        extra = make_course(cast, "Third course", 1000)
        bundle = make_bundle(cast, [cast.flask_course.id, extra.id], price=2000)
        bundle_id, extra_id = bundle.id, extra.id
        db.session.commit()
    cy, bo = signed_in(cast.cy), signed_in(cast.bo)
    for product_id in (cast.flask_course.id, bundle_id):
        assert cy.post(ITEMS, data={"product": str(product_id)}).location == "/cart"
    page = cy.get("/cart").text
    assert "It comes with “Web bundle”, which is in your cart too." in page
    assert "1 item<" in page
    bo.post(ITEMS, data={"product": str(bundle_id)})
    with app.app_context():
        bos = carts.find(db.session.get_one(User, cast.bo.id))
        [line] = contents.lines(bos)
        person, product = db.session.get_one(User, cast.bo.id), db.session.get_one(Product, bundle_id)
        offer = kinds.offer(person, product, clock.now())
        assert line.has_part
        assert line.amount_cents == offer.amount_cents < 2000
        assert [part.course_id for part in offer.parts] == [extra_id]
    page = bo.get("/cart").text
    assert "You have a part of this bundle already and pay for the rest" in page
    with app.test_request_context(method="POST"):
        access.grant(cast.bo.id, extra_id, GrantSource.FREE, extra_id)
        db.session.commit()
    assert "You already own this bundle." in bo.get("/cart").text
    change(app, cast.flask_course, status=ProductStatus.ARCHIVED)
    assert "You can’t buy this bundle right now." in cy.get("/cart").text


def test_what_isnt_bought_holds_nothing_for_the_rest_of_the_cart(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    """A bundle of which too little is for sale, or that one has without the course, sells no course."""
    with app.test_request_context(method="POST"):
        extra = make_course(cast, "Third course", 1000)
        bundle_id, extra_id = make_bundle(cast, [cast.flask_course.id, extra.id], price=2000).id, extra.id
        db.session.commit()
    cy = signed_in(cast.cy)
    for product_id in (cast.flask_course.id, bundle_id):
        cy.post(ITEMS, data={"product": str(product_id)})

    def flask_is_taken() -> bool:
        with app.app_context():
            lines = contents.lines(carts.find(db.session.get_one(User, cast.cy.id)))
            return next(line.is_taken for line in lines if line.id == cast.flask_course.id)

    assert not flask_is_taken(), "it comes with the bundle"
    with app.app_context():
        db.session.get_one(Course, extra_id).status = ProductStatus.ARCHIVED
        db.session.commit()
    assert flask_is_taken()
    with app.test_request_context(method="POST"):
        db.session.get_one(Course, extra_id).status = ProductStatus.PUBLISHED
        access.grant(cast.cy.id, extra_id, GrantSource.FREE, bundle_id)
        db.session.commit()
    assert flask_is_taken()


def test_a_mixed_cart_of_fifty_lines_asks_little(app: Flask, cast: Cast, signed_in: Browser) -> None:
    """Courses, bundles that are partly owned, one of them given away, and a code."""
    with app.test_request_context(method="POST"):
        courses = [make_course(cast, f"Part {number}").id for number in range(6)]
        cart = Cart(user_id=cast.cy.id)
        db.session.add(cart)
        for number in range(carts.MOST):
            if number % 2:
                product: Product = make_course(cast, f"Single {number}")
            else:
                product = make_bundle(cast, courses[number % 4 :], slug=f"bundle-{number}")
            db.session.flush()
            db.session.add(CartItem(cart_id=cart.id, product_id=product.id, price_cents=1000))
        gift = db.session.scalars(select(CartItem)).first()
        assert gift is not None
        gift.recipient_email = "friend@example.com"
        access.grant(cast.cy.id, courses[5], GrantSource.FREE, courses[5])
        db.session.add(Coupon(code="SPRING", kind="percentage", value=10, scope="all", borne_by="both"))
        db.session.commit()
    cy = signed_in(cast.cy)
    assert cy.post("/cart/coupon", data={"code": "spring"}).status_code == 303
    page = cy.get("/cart").text
    assert "You have a part of this bundle already" in page
    assert "SPRING" in page
    assert "friend@example.com" in page
    asked = queries(app, lambda: cy.get("/cart"))
    assert len(asked) <= 8, "\n".join(one[:300] for one in asked)


def test_gifts_stand_beside_what_is_bought_for_oneself(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        cy, flask = db.session.get_one(User, cast.cy.id), db.session.get_one(Product, cast.flask_course.id)
        terms = check("friend@example.com", "Enjoy!", None, cy)
        cart = carts.open_for(cy)
        own = carts.add(cart, cy, flask)
        first, second = (carts.add_gift(cart, flask, terms) for _ in range(2))
        assert [line.is_gift for line in contents.lines(cart)] == [False, True, True]
        assert contents.subtotal(contents.lines(cart)) == 3 * 1900
        carts.remove_bought(cy, [flask.id], [first.id])
        assert [line.item_id for line in contents.lines(cart)] == [second.id]
        assert own.id != second.id
        db.session.get_one(Course, flask.id).tier = None
        flask.price_cents = 0
        [line] = contents.lines(cart)
        assert line.gives_nothing
        assert not line.is_taken
        assert contents.take_free(cy) == []
