"""The page of a bundle: created, described, and shown to everyone or to nobody."""

import uuid
from dataclasses import asdict, dataclass, fields
from hashlib import sha256

from sqlalchemy.exc import IntegrityError

from domain import Refused
from domain.authoring import course_details, course_price, page_drafts
from domain.authoring.course_price import PriceInput
from domain.base import slugs
from domain.bundles import editing
from domain.catalog import lifecycle
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from models import Bundle, Level, ProductVisibility, User, db


@dataclass(frozen=True)
class BundleDetails:
    """The descriptive fields of a bundle: `tags` by name."""

    title: str
    slug: str
    summary: str
    description: str
    category_id: uuid.UUID
    tags: list[str]
    level: Level


def create(creator: User, title: str, category_id: uuid.UUID) -> Bundle:
    """Create a draft bundle without courses. Refused for an unknown category."""
    course_details.check_category(category_id)
    bundle = Bundle(
        title=title, creator_id=creator.id, category_id=category_id, currency=settings.current().currency
    )
    course_details.insert(bundle, title)
    audit.record(creator, AuditAction.CREATE_COURSE, bundle, title)
    return bundle


def details_of(bundle: Bundle) -> BundleDetails:
    """Read the details in the creator's version: published values with the draft over them."""
    values = page_drafts.working(bundle)
    return BundleDetails(**{field.name: values[field.name] for field in fields(BundleDetails)})


def set_details(bundle: Bundle, actor: User, new: BundleDetails) -> None:
    """Change the details of `bundle`, directly or as a draft to be approved.

    A former slug redirects to the new one. Raises Refused with the form field it belongs to.
    """
    lifecycle.lock_and_reload(bundle)
    if new.category_id != bundle.category_id:
        course_details.check_category(new.category_id)
    try:
        page_drafts.rendered(new.description)
    except Refused as refusal:
        raise Refused(refusal.sentence, "description") from refusal
    course_details.check_address(bundle, new.slug)
    try:
        with db.session.begin_nested():
            page_drafts.keep(bundle, actor, asdict(new))
    except IntegrityError as error:  # another product took the address at this moment
        raise Refused(course_details.taken(slugs.for_product(new.slug, bundle.id)), "slug") from error
    course_details.record_change(bundle, actor, AuditAction.CHANGE_DETAILS)


def mark(bundle: Bundle) -> str:
    """Fingerprint page, courses and price, so that nothing is approved that nobody has seen."""
    page = sorted((name, repr(value)) for name, value in page_drafts.working(bundle).items())
    inside = [(one.course.id, one.agreed) for one in editing.chosen(bundle)]
    price = (bundle.price_cents, bundle.sale_price_cents, bundle.sale_ends_at, bundle.visibility)
    return sha256(repr((page, inside, price)).encode()).hexdigest()[:16]


def set_sale(bundle: Bundle, actor: User, price: PriceInput, visibility: ProductVisibility) -> None:
    """Change price, sale and visibility of `bundle`, effective at once. Raises Refused with the field."""
    if visibility == ProductVisibility.MEMBERS_ONLY != bundle.visibility:
        raise Refused("Memberships aren’t available yet. Choose another option.", "visibility")
    course_price.set_price(bundle, actor, price)
    if visibility != bundle.visibility:
        bundle.visibility = visibility
        course_details.record_change(bundle, actor, AuditAction.SET_ACCESS)
