"""Routes of a bundle's details, image, price and sharing texts."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp, product_editor
from blueprints.studio.bundle_forms import BundleDetailsForm, BundleSaleForm
from blueprints.studio.course_forms import SharingForm
from blueprints.studio.pricing import shown_price, zone_of
from blueprints.studio.upload_forms import ThumbnailForm
from domain.authoring import bundle_details, course_details, course_price, page_drafts
from domain.authoring.bundle_details import BundleDetails
from domain.authoring.course_price import PriceInput
from domain.bundles import editing
from domain.catalog import lifecycle, tags
from models import Bundle, Level, ProductVisibility
from web import hypermedia
from web.merging import MergingForm
from web.signed_in import me

HOME = "/bundles/<uuid:bundle_id>"


def bundle_of(bundle_id: uuid.UUID) -> Bundle:
    """Load the bundle to edit; raises NotFound for somebody else's."""
    return editing.bundle_for_creator(me(), bundle_id)


@bp.route(HOME, methods=["GET", "POST"])
def bundle(bundle_id: uuid.UUID) -> Response:
    """Edit title, texts, category, level and tags."""
    edited = _opened(bundle_id)
    form = BundleDetailsForm(data=_shown(bundle_details.details_of(edited)))
    return _edit(
        "studio/bundle/details.html", form, edited,
        lambda: bundle_details.set_details(edited, me(), _typed(form)),
        picture_form=ThumbnailForm(formdata=None), picture=page_drafts.picture(edited),
    )  # fmt: skip


@bp.post(f"{HOME}/picture")
def set_bundle_picture(bundle_id: uuid.UUID) -> Response:
    """Save the cover image."""
    edited, picture_form = bundle_of(bundle_id), ThumbnailForm()
    page = url_for("studio.bundle", bundle_id=bundle_id)
    if response := product_editor.save_picture(edited, picture_form, page):
        return response
    edited = bundle_of(bundle_id)
    form = BundleDetailsForm(formdata=None, data=_shown(bundle_details.details_of(edited)))
    return hypermedia.render(
        "studio/bundle/details.html", status=picture_form.status, bundle=edited, form=form,
        picture_form=picture_form, picture=page_drafts.picture(edited),
        **product_editor.pending_context(edited),
    )  # fmt: skip


@bp.post(f"{HOME}/picture/remove")
def remove_bundle_picture(bundle_id: uuid.UUID) -> Response:
    """Remove the cover image; the drawn cover is shown again."""
    return product_editor.remove_picture(bundle_of(bundle_id), url_for("studio.bundle", bundle_id=bundle_id))


@bp.post(f"{HOME}/discard")
def discard_bundle_page(bundle_id: uuid.UUID) -> Response:
    """Discard the pending changes of the page."""
    return product_editor.discard(bundle_of(bundle_id), url_for("studio.bundle", bundle_id=bundle_id))


@bp.route(f"{HOME}/sharing", methods=["GET", "POST"])
def bundle_sharing(bundle_id: uuid.UUID) -> Response:
    """Edit title and description for search engines and link previews, with a preview."""
    edited = _opened(bundle_id)
    form = SharingForm(data=vars(course_details.sharing_of(edited)))
    return _edit(
        "studio/bundle/sharing.html", form, edited,
        lambda: course_details.set_sharing(edited, me(), form.texts()),
    )  # fmt: skip


@bp.route(f"{HOME}/price", methods=["GET", "POST"])
def bundle_sale(bundle_id: uuid.UUID) -> Response:
    """Edit price, sale and visibility, which take effect at once."""
    edited, zone = _opened(bundle_id), zone_of(me())
    shown = shown_price(course_price.price_of(edited), edited.currency, zone)
    form = BundleSaleForm(edited.currency, data={**shown, "visibility": edited.visibility.value})

    def sell() -> None:
        price = PriceInput(None, *form.amounts(zone))
        bundle_details.set_sale(edited, me(), price, ProductVisibility(form.visibility.data))

    chosen = editing.chosen(edited)
    return _edit("studio/bundle/sale.html", form, edited, sell, zone=zone.key, chosen=chosen)


def _opened(bundle_id: uuid.UUID) -> Bundle:
    """Load the bundle to edit; a POST locks it (SELECT FOR UPDATE) against a concurrent save."""
    edited = bundle_of(bundle_id)
    if request.method == "POST":
        lifecycle.lock_and_reload(edited)
    return edited


def _edit(
    page: str, form: MergingForm, edited: Bundle, verb: Callable[[], None], **shown: Any
) -> Response:  # fmt: skip
    """Save the form if it was sent and is valid; render its page otherwise."""
    bundle_id = edited.id
    response = product_editor.save(form, verb, lambda: product_editor.saved(edited))
    if response is not None:
        return response
    edited = bundle_of(bundle_id)
    if "chosen" in shown:  # a refusal has rolled back, which expires what was loaded
        shown["chosen"] = editing.chosen(edited)
    return hypermedia.render(
        page, status=form.status, bundle=edited, form=form, **product_editor.pending_context(edited), **shown
    )


def _shown(stored: BundleDetails) -> dict[str, object]:
    """Convert the details to the form's fields."""
    return {**vars(stored), "category": str(stored.category_id), "tags": ", ".join(stored.tags)}


def _typed(form: BundleDetailsForm) -> BundleDetails:
    return BundleDetails(
        title=form.title.data or "",
        slug=form.slug.data or "",
        summary=form.summary.data or "",
        description=form.description.data or "",
        category_id=uuid.UUID(form.category.data),
        tags=sorted(tags.split(form.tags.data or "")),
        level=Level(form.level.data),
    )
