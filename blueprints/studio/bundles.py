"""Routes of the bundle list, and actions on a whole bundle."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp, product_editor
from blueprints.studio.bundle_editor import bundle_of
from blueprints.studio.course_forms import NewCourseForm
from domain.authoring import bundle_details, bundle_list, deletion
from domain.base import money
from domain.bundles import agreement
from web import hypermedia
from web.actions import Attempt
from web.csv_downloads import csv_of
from web.query_args import cursor_arg
from web.reauthentication import fresh, fresh_page
from web.signed_in import me

HEAD = [
    "Bundle", "Address", "Status", "Currency", "Price", "Owners", "Course", "Course address",
    "Course price", "Part of the price", "Tags", "Search and sharing title", "Search and sharing description",
]  # fmt: skip


@bp.get("/bundles")
def bundles() -> Response:
    """List the creator's bundles, and how many courses they are asked for."""
    return hypermedia.render(
        "studio/bundles.html",
        listing=bundle_list.page(me(), cursor_arg("after")),
        asked=len(agreement.requests(me())),
    )


@bp.get("/bundles.csv")
@fresh_page
def bundles_file() -> Response:
    """Export all the bundles as CSV, a row for each of their courses."""
    return csv_of("bundles", HEAD, (_row(one) for one in bundle_list.every(me())))


def _row(one: bundle_list.ExportedCourse) -> list[object]:
    currency, bundle, course = one.bundle.currency, one.bundle, one.course
    amounts = (bundle.price_cents, course.price_cents, one.part_cents)
    price, single, part = (money.plain(cents, currency) for cents in amounts)
    return [
        bundle.title, bundle.slug, bundle.status.value, currency.upper(), price, bundle.holder_count,
        course.title, course.slug, single, part, ", ".join(sorted(tag.name for tag in bundle.tags)),
        bundle.meta_title, bundle.meta_description,
    ]  # fmt: skip


@bp.route("/bundles/new", methods=["GET", "POST"])
def new_bundle() -> Response:
    """Create a bundle from a title and a category."""
    form = NewCourseForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            bundle = bundle_details.create(me(), form.title.data or "", uuid.UUID(form.category.data))
            attempt.say("Bundle created. Choose its courses. Nobody sees it until you publish it.")
            return hypermedia.see_other(url_for("studio.bundle_courses", bundle_id=bundle.id))
    return hypermedia.render("studio/bundle/new.html", status=form.status, form=form)


@bp.route("/bundles/<uuid:bundle_id>/archive", methods=["GET", "POST"])
def archive_bundle(bundle_id: uuid.UUID) -> Response:
    """Take a bundle off sale (archive); people who have it keep its courses."""
    bundle = bundle_of(bundle_id)
    if request.method == "POST":
        return product_editor.archive(bundle, url_for("studio.bundle_publish", bundle_id=bundle_id))
    return hypermedia.render("studio/bundle/archive.html", bundle=bundle)


@bp.route("/bundles/<uuid:bundle_id>/delete", methods=["GET", "POST"])
@fresh
def delete_bundle(bundle_id: uuid.UUID) -> Response:
    """Explain what deleting does to this bundle, or why it is refused, then delete it."""
    bundle = bundle_of(bundle_id)
    if request.method == "POST":
        response = product_editor.delete(bundle, url_for("studio.bundles"), "its courses")
        if response is not None:
            return response
    bundle = bundle_of(bundle_id)
    return hypermedia.render(
        "studio/bundle/delete.html",
        status=422 if request.method == "POST" else 200,
        bundle=bundle,
        refusal=deletion.reason_not_to_delete(bundle),
        fate=deletion.outcome_of(bundle).value,
    )
