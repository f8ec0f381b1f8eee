"""Routes of the shop's settings: texts, branding, rules, sign-in, featured courses."""

import uuid
from typing import Any

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.forms import MoveForm
from blueprints.admin.settings_forms import (
    BrandColorForm,
    FeaturedForm,
    LogoForm,
    PolicyForm,
    ShopProfileForm,
    SignInForm,
    social_lines,
)
from domain.base import clock, markdown
from domain.catalog import availability, featured
from domain.learning import comp_access
from domain.platform import color_contrast, images, settings
from models import Course, db
from web import hypermedia
from web.actions import Attempt
from web.forms import Form
from web.reauthentication import fresh
from web.signed_in import me

PAGES = (
    ("General", "admin.shop_settings"),
    ("Branding", "admin.look"),
    ("Rules", "admin.rules"),
    ("Seller", "admin.seller"),
    ("Tax", "admin.tax"),
    ("Currency", "admin.shop_currency"),
    ("Payouts", "admin.payout_settings"),
    ("Checkout", "admin.consents"),
    ("Refunds", "admin.refund_rules"),
    ("Sign-in", "admin.sign_in"),
    ("Home page", "admin.featured_courses"),
)


@bp.route("/settings", methods=["GET", "POST"])
def shop_settings() -> Response:
    """Edit name, home page, about text, contact address, links and time zone."""
    now = stored()
    form = ShopProfileForm(data={**vars(now), "about": settings.about(), "social": social_lines(now.social)})
    if form.validate_on_submit():
        about = form.about.data or ""
        changed = settings.change(
            me(), name=form.name.data, hero_title=form.hero_title.data, about=about,
            hero_subtitle=form.hero_subtitle.data or "", contact_email=form.contact_email.data,
            about_html=markdown.render(about).html if about else "", timezone=form.timezone.data,
            social=form.places(),
        )  # fmt: skip
        return saved("admin.shop_settings", changed)
    return page("words", form)


@bp.route("/settings/look", methods=["GET", "POST"])
def look() -> Response:
    """Edit the brand colour, with a preview of its contrast, and the logo."""
    form = BrandColorForm(data={"primary_color": stored().primary_color})
    if not form.is_submitted():
        form.primary_color.data = BrandColorForm.asked(request.args.get("color", ""))
    form.take_picked()
    if form.preview.data:
        return hypermedia.see_other(url_for("admin.look", color=form.shown()))
    if form.validate_on_submit():
        return saved("admin.look", settings.change(me(), primary_color=form.primary_color.data))
    return page(
        "look", form, logo_form=LogoForm(formdata=None), looks=color_contrast.looks(form.shown()),
        shown=form.shown(), text=color_contrast.TEXT, control=color_contrast.CONTROL,
    )  # fmt: skip


@bp.post("/settings/logo")
def logo() -> Response:
    """Replace the logo; without a file the drawn one is used again."""
    form, color = LogoForm(), settings.current().primary_color
    if form.validate_on_submit():
        with Attempt(form, field="file"):
            before = settings.current().logo
            token = images.keep(images.ImageUse.LOGO, form.file.data.stream) if form.file.data else None
            changed = settings.change(me(), logo=token)
            images.remove_later(images.ImageUse.LOGO, before)
            return saved("admin.look", changed)
    return page(
        "look", BrandColorForm(formdata=None, data={"primary_color": color}), status=422, logo_form=form,
        looks=color_contrast.looks(color), shown=color, text=color_contrast.TEXT,
        control=color_contrast.CONTROL,
    )  # fmt: skip


@bp.route("/settings/rules", methods=["GET", "POST"])
@fresh
def rules() -> Response:
    """Edit the platform fee, and whether courses are reviewed before they go on sale."""
    form = PolicyForm(data=vars(stored()))
    if form.validate_on_submit():
        changed = settings.change(
            me(), platform_fee_percent=form.platform_fee_percent.data,
            pause_disputed=form.pause_disputed.data, require_review=form.require_review.data,
            held_words=form.held_words.data or [],
        )  # fmt: skip
        return saved("admin.rules", changed)
    return page("rules", form)


@bp.route("/settings/sign-in", methods=["GET", "POST"])
@fresh
def sign_in() -> Response:
    """Edit how admins sign in: second factor and idle timeout."""
    form = SignInForm(data=vars(stored()))
    if form.validate_on_submit():
        changed = settings.change(
            me(), admin_second_factor=form.admin_second_factor.data,
            admin_idle_minutes=form.admin_idle_minutes.data,
        )  # fmt: skip
        return saved("admin.sign_in", changed)
    return page("sign_in", form)


@bp.route("/settings/featured", methods=["GET", "POST"])
def featured_courses() -> Response:
    """List the featured courses of the home page, in their order; posting adds one."""
    form = FeaturedForm()
    if form.validate_on_submit():
        with Attempt(form):
            featured.pick(comp_access.course_called(form.course.data or ""), me())
            return saved("admin.featured_courses", ["featured"])
    courses, now = featured.courses(), clock.now()
    listed = {course.id for course in courses if availability.is_listed(course, now)}
    return page("featured", form, courses=courses, listed=listed, most=featured.MOST)


@bp.post("/settings/featured/<uuid:course_id>/move")
def move_featured(course_id: uuid.UUID) -> Response:
    """Move a featured course one place up or down."""
    course, form = _course(course_id), MoveForm()
    if not form.validate():
        abort(400)
    featured.move(course, form.to.data == "up", me())
    return saved("admin.featured_courses", ["featured"])


@bp.post("/settings/featured/<uuid:course_id>/drop")
def drop_featured(course_id: uuid.UUID) -> Response:
    """Remove a course from the featured ones."""
    course = _course(course_id)
    featured.drop(course, me())
    return saved("admin.featured_courses", ["featured"])


def stored() -> settings.ShopSettings:
    """Read the settings; a POST locks the row, so that the merge of two admins' changes can't lose one."""
    return settings.lock() if request.method == "POST" else settings.current()


def _course(course_id: uuid.UUID) -> Course:
    return db.session.get(Course, course_id) or abort(404)


def saved(endpoint: str, changed: list[str]) -> Response:
    """Commit and return to the form, saying whether anything has changed."""
    db.session.commit()
    settings.forget()
    hypermedia.toast("Saved." if changed else "Nothing has changed.", "good" if changed else "info")
    return hypermedia.see_other(url_for(endpoint))


def page(name: str, form: Form, status: int | None = None, **shown: Any) -> Response:
    """Render the page `name` of the settings, with the tabs of all of them."""
    return hypermedia.render(
        f"admin/settings/{name}.html",
        status=status or form.status,
        form=form,
        pages=[(text, url_for(endpoint), request.endpoint == endpoint) for text, endpoint in PAGES],
        **shown,
    )
