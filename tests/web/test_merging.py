"""Two tabs of the same form: neither takes back what the other saved."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.cast import Cast
from tests.house.stage import fill
from tests.pages import forms_of

SignedIn = Callable[[User], FlaskClient]


class Tab(NamedTuple):
    """A form on a page, sent to `action`; what a first and a second tab change. "" is the page itself."""

    form: str
    who: str
    page: str
    first: dict[str, str]
    second: dict[str, str]
    action: str = ""


COURSE = "/studio/courses/{course}"
CUE = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{}\n"
LESSON = f"{COURSE}/lessons/{{filmed_lesson}}"
TABS = (
    Tab("ProfileForm", "bo", "/account", {"name": "Bobby"}, {"bio": "I learn."}),
    Tab("CreatorForm", "ada", "/studio/profile", {"years_experience": "7"}, {"headline": "Flask, daily"}),
    Tab("CategoryForm", "mo", "/admin/categories/{category}", {"name": "The web"}, {"description": "Pages."}),
    Tab("CreatorCouponForm", "ada", "/studio/coupons/{coupon}/edit", {"value": "5"}, {"name": "Mine"}),
    Tab("ShopCouponForm", "mo", "/admin/coupons/{shop_coupon}/edit", {"max_uses": "9"}, {"value": "20"}),
    Tab(
        "EvidenceForm", "mo", "/admin/disputes/{dispute}", {"customer_name": "Bo B."},
        {"service_date": "1 May", "product_description": "A course"}, "/admin/disputes/{dispute}/answer",
    ),
    Tab("ShopProfileForm", "mo", "/admin/settings", {"name": "Shop"}, {"hero_title": "Learn here"}),
    Tab(
        "PolicyForm", "mo", "/admin/settings/rules",
        {"platform_fee_percent": "1"}, {"held_words": "spam"},
    ),
    Tab(
        "RefundRulesForm", "mo", "/admin/settings/refunds",
        {"refund_window_days": "19"}, {"when_used": "refuse", "refund_often": "5"},
    ),
    Tab(
        "SellerForm", "mo", "/admin/settings/seller", {"seller_name": "Shop Ltd."},
        {"seller_address": "Main St. 1", "seller_country": "DE"},
    ),
    Tab(
        "TaxForm", "mo", "/admin/settings/tax", {"tax_sentence": "No tax."},
        {"tax_rates": "Germany 19", "tax_seller_rate": "y"},
    ),
    Tab("CurrencyForm", "mo", "/admin/settings/currency", {}, {}),
    Tab(
        "ConsentsForm", "mo", "/admin/settings/checkout", {"terms_text": "I agree."},
        {"delivery_text": "Right away.", "ask_delivery": "y"},
    ),
    Tab("SignInForm", "mo", "/admin/settings/sign-in", {"admin_idle_minutes": "9"}, {}),
    Tab("BrandColorForm", "mo", "/admin/settings/look", {"primary_color": "#1d4ed8"}, {}),
    Tab("RoleForm", "mo", "/admin/users/{person}", {"role": "creator"}, {}, "/admin/users/{person}/role"),
    Tab(
        "ModuleForm", "ada", f"{COURSE}/curriculum/modules/{{module}}/edit", {"title": "Start"},
        {"description": "Begin."},
    ),
    Tab(
        "DetailsForm", "ada", COURSE, {"title": "Flask", "objectives": "Route"},
        {"summary": "Short.", "tags": "Web", "level": "advanced"},
    ),
    Tab("PricingForm", "ada", f"{COURSE}/pricing", {"price": "20"}, {"tier": ""}),
    Tab(
        "BundleDetailsForm", "ada", "/studio/bundles/{bundle}", {"title": "Reading"},
        {"summary": "Short.", "tags": "Web", "level": "advanced"},
    ),
    Tab(
        "BundleSaleForm", "ada", "/studio/bundles/{bundle}/price", {"price": "20"},
        {"visibility": "unlisted"},
    ),
    Tab("SharingForm", "ada", f"{COURSE}/sharing", {"meta_title": "A"}, {"meta_description": "B"}),
    Tab("AccessForm", "ada", f"{COURSE}/access", {"visibility": "unlisted"}, {"sequential": "y"}),
    Tab("CaptionForm", "ada", f"{LESSON}/captions/en", {"label": "Mine"}, {"vtt": CUE.format("Hi")}),
    Tab("ChaptersForm", "ada", LESSON, {"chapters": "0:00 First"}, {}, f"{LESSON}/chapters"),
    Tab(
        "RenameForm", "ada", f"{COURSE}/curriculum", {"title": "Another"}, {},
        f"{COURSE}/curriculum/lessons/{{filmed_lesson}}/title",
    ),
    Tab(
        "RenameForm", "ada", f"{COURSE}/lessons/{{text_lesson}}", {"title": "Another"}, {},
        f"{COURSE}/lessons/{{text_lesson}}/resources/{{file}}/title",
    ),
    Tab("ReplyForm", "ada", "/studio/reviews/{review}/reply", {"reply": "Thank you."}, {}),
    Tab("ReviewForm", "bo", "/courses/flask-first-steps/review", {"comment": "Very good."}, {"rating": "5"}),
    Tab(
        "PlannedGiftForm", "bo", "/gifts/given/{planned_gift}", {"message": "Hello"},
        {"recipient": "xi@example.com"},
    ),
    Tab("BillingForm", "bo", "/account/billing", {"company": "Bo Ltd."}, {"country": "DE", "city": "Bonn"}),
    Tab(
        "PayoutSettingsForm", "mo", "/admin/settings/payouts", {"payout_day": "2"},
        {"payout_minimum": "50"},
    ),
    Tab(
        "ParticularsForm", "ada", "/studio/payouts/particulars",
        {"company": "Ada Ltd.", "name": "Ada", "address": "1 Street", "postal_code": "10115", "country": "DE",
         "vat_status": "none", "agrees": "y"},
        {"city": "Bonn"},
    ),
    Tab("MailForm", "bo", "/account/notifications", {}, {}),
)  # fmt: skip


@pytest.mark.parametrize("tab", [tab for tab in TABS if tab.first], ids=lambda tab: f"{tab.form}")
def test_what_each_tab_changed_is_kept(app: Flask, cast: Cast, signed_in: SignedIn, tab: Tab) -> None:
    words = {**fill(app, cast), "text_lesson": str(cast.text_lesson.id)}
    client = signed_in(getattr(cast, tab.who))
    page, action = tab.page.format(**words), (tab.action or tab.page).format(**words)
    came = filled(client.get(page).text, action)
    assert client.post(action, data={**came, **tab.first}).status_code in (302, 303)
    assert client.post(action, data={**came, **tab.second}).status_code in (302, 303)
    now = filled(client.get(page).text, action)
    assert {**now, **tab.first, **tab.second} == now
    (name, value) = next(iter(tab.first.items()))
    other = {"visibility": "private", "primary_color": "#7c2d12", "role": "admin"}.get(name, f"{value}1")
    clash = client.post(action, data={**came, name: other})
    assert clash.status_code == 409
    assert " changed elsewhere" in clash.text
    shown = filled(clash.text, action)
    assert shown[name] == other
    assert client.post(action, data=shown).status_code in (302, 303)
    assert filled(client.get(page).text, action)[name] == other


def test_of_several_ticks_each_is_merged(cast: Cast, signed_in: SignedIn) -> None:
    client, path = signed_in(cast.bo), "/account/notifications"
    came = filled(client.get(path).text, path)
    first, second, *others = came["kinds"]
    client.post(path, data={**came, "kinds": [second, *others]})
    client.post(path, data={**came, "kinds": [first, *others]})
    assert filled(client.get(path).text, path).get("kinds", []) in (others, *others)
    client.post(path, data={**came, "kinds": []})
    none = filled(client.get(path).text, path)
    assert "kinds" not in none
    client.post(path, data={**none, "kinds": [first]})
    client.post(path, data={**none, "kinds": [second]})
    assert filled(client.get(path).text, path)["kinds"] == [first, second]


def test_ticks_of_a_page_without_their_marks_are_taken_as_sent(cast: Cast, signed_in: SignedIn) -> None:
    """A page that was opened before an upgrade knows the marks of its own version."""
    client, path = signed_in(cast.bo), "/account/notifications"
    came = filled(client.get(path).text, path)
    for chosen in (came["kinds"][:2], came["kinds"][1:3]):
        old = {**came, "was": ["", "5f" * 16], "kinds": chosen}
        assert client.post(path, data=old).status_code == 303
        assert filled(client.get(path).text, path)["kinds"] == chosen


def test_a_long_text_that_both_changed_stands_beside_ones_own(
    app: Flask, cast: Cast, signed_in: SignedIn
) -> None:
    words, client = fill(app, cast), signed_in(cast.ada)
    path = f"{LESSON}/captions/en".format(**words)
    came = filled(client.get(path).text, path)
    for said in ("Theirs", "Mine"):
        answer = client.post(path, data={**came, "vtt": CUE.format(said)})
    assert answer.status_code == 409
    mine, theirs = answer.text.split("Current version", 1)
    assert ("Mine" in mine, "Theirs" in mine) == (True, False)
    assert "Theirs" in theirs


def test_captions_are_not_added_over_those_there_are(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    words, client = fill(app, cast), signed_in(cast.ada)
    typed = CUE.format("Typed anew")
    answer = client.post(f"{LESSON}/captions".format(**words), data={"code": "EN", "label": "", "vtt": typed})
    assert answer.status_code == 422
    assert "There are already captions in English. Replace them?" in answer.text
    assert "Typed anew" in answer.text


def filled(page: str, action: str) -> dict[str, Any]:
    """What a browser would send of the form of `page` that goes to `action` and carries marks."""
    return next(form.values for form in forms_of(page) if form.action == action and "was" in form.values)
