"""The page of a bundle: its courses, what each costs here and by itself, and what its reader may do."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from domain.base import clock, slugs
from domain.bundles import contents, pricing
from domain.bundles.pricing import CoursePart
from domain.catalog import availability, kinds, tags
from domain.commerce import baskets, refund_terms
from models import Bundle, Category, CreatorProfile, Product, User, WishlistItem, db


class BundleOffer(StrEnum):
    """The offer of a bundle to one person."""

    BUY = "buy"
    TAKE = "take"
    WAITING = "waiting"
    HELD = "held"
    OWN = "own"
    CLOSED = "closed"


@dataclass(frozen=True)
class BundlePage:
    """The data of a bundle's page, for one reader; amounts in minor units of the bundle's currency.

    `parts` are its courses with their parts of the price. `to_pay_cents` is what the reader pays for those
    they don't own, `full_cents` the price of all, `singly_cents` what they would pay course by course.
    `sentence` says why it can't be bought, or that they have it; "" if they can. `order_number` is an order
    of theirs that a bank is paying.
    """

    bundle: Bundle
    offer: BundleOffer
    sentence: str
    parts: list[CoursePart]
    to_pay_cents: int
    full_cents: int
    singly_cents: int
    is_hidden: bool
    is_listed: bool
    is_wished: bool
    order_number: str | None
    creator_slug: str
    category: Category
    tags: list[str]

    @property
    def saved_cents(self) -> int:
        """Compute what the bundle saves its reader."""
        return max(0, self.singly_cents - self.to_pay_cents)

    @property
    def owned_count(self) -> int:
        """Count the courses that the reader has already."""
        return sum(part.owned for part in self.parts)

    @property
    def missing(self) -> list[str]:
        """List the titles of courses that aren't sold now, and that the reader doesn't have."""
        return [part.course.title for part in self.parts if not part.sold and not part.owned]

    @property
    def refund_terms(self) -> str:
        """Say how to change one's mind after buying; "" in a shop that doesn't promise it."""
        return refund_terms.sentence()


def load(slug: str, reader: User | None) -> BundlePage | None:
    """Load the page of the bundle at `slug`, or a former slug, for `reader` (None: signed out).

    None for an unknown one, and for one that the reader may not know of.
    """
    query = (
        select(Bundle, CreatorProfile.slug)
        .outerjoin(CreatorProfile, CreatorProfile.user_id == Bundle.creator_id)
        .where(Bundle.id == slugs.product_id_at(slug))
        .options(joinedload(Bundle.creator), joinedload(Bundle.category))
    )
    found = db.session.execute(query).first()
    if found is None or not kinds.kind_of(found[0]).is_known_to(reader, found[0]):
        return None
    bundle, creator_slug = found
    now = clock.now()
    parts = contents.parts_for(reader, bundle, now)
    waiting = baskets.under_way(reader).get(bundle.id) if reader is not None else None
    offer, sentence = _offer(bundle, reader, parts, waiting)
    return BundlePage(
        bundle=bundle,
        offer=offer,
        sentence=sentence,
        parts=parts,
        to_pay_cents=pricing.to_pay(parts),
        full_cents=bundle.price_at(now),
        singly_cents=pricing.singly(parts),
        is_hidden=not availability.is_visible(bundle),
        is_listed=availability.is_listed(bundle, now),
        is_wished=_is_wished(reader, bundle),
        order_number=waiting,
        creator_slug=creator_slug or "",
        category=bundle.category,
        tags=tags.names_of(bundle),
    )


def _offer(
    bundle: Bundle, reader: User | None, parts: list[CoursePart], waiting: str | None
) -> tuple[BundleOffer, str]:
    """Choose the offer and its sentence, in the words of the kind."""
    kind, now = kinds.kind_of(bundle), clock.now()
    if waiting is not None:
        return BundleOffer.WAITING, ""
    if reader is None:
        if not availability.is_available(bundle, now) or contents.is_short(parts):
            return BundleOffer.CLOSED, "This bundle isn’t for sale right now."
        return (BundleOffer.BUY if pricing.to_pay(parts) else BundleOffer.TAKE), ""
    if bundle.creator_id == reader.id:
        return BundleOffer.OWN, kind.refusal(reader, bundle, now) or ""
    if held := kind.held(reader, bundle, now):
        return BundleOffer.HELD, held
    if refusal := kind.refusal(reader, bundle, now):
        return BundleOffer.CLOSED, refusal
    return (BundleOffer.BUY if pricing.to_pay(parts) else BundleOffer.TAKE), ""


def _is_wished(reader: User | None, bundle: Product) -> bool:
    if reader is None:
        return False
    return db.session.get(WishlistItem, (reader.id, bundle.id)) is not None
