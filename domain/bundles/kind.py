"""Bundles as a kind of product: bought, each course opens that the buyer paid for."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from domain.base.addresses import path_to, pattern_of
from domain.bundles import contents, pricing, taking
from domain.catalog import availability, lifecycle
from domain.catalog.kinds import Link, Lock, Offer, Part
from domain.learning import access
from models import Product, ProductStatus, Purchase, PurchaseStatus, User

OWN = "This is your own bundle."
OWNED = "You already own this bundle."
ALL_OWNED = "You already own every course in this bundle."
TOO_FEW = "This bundle isn’t for sale right now: too few of its courses are."


class BundleKind:
    """A bundle: a part and a grant for each course that is bought with it."""

    noun = "bundle"

    def page(self, slug: str) -> str:
        """Build the path of the bundle's page."""
        return pattern_of("bundles.show").format(slug=slug)

    def entrance(self, slug: str) -> Link:
        """Lead to the page that lists its courses."""
        return Link("See your courses", self.page(slug))

    def editor(self, product: Product) -> str:
        """Lead to the page on which it is submitted."""
        return path_to("studio.bundle_publish", bundle_id=product.id)

    def take_down(self, product: Product, admin: User, note: str) -> None:
        """Archive it."""
        lifecycle.change_status(contents.of_product(product), ProductStatus.ARCHIVED, admin, note)

    def is_known_to(self, person: User | None, product: Product) -> bool:
        """Tell whether it is public, or theirs."""
        if availability.is_visible(product):
            return True
        if person is None or not person.is_authenticated:
            return False
        may_edit = product.deleted_at is None and (person.is_admin or product.creator_id == person.id)
        return may_edit or access.has(person, product)

    def held(self, person: User, product: Product, at: datetime) -> str | None:
        """Say that they bought it, own all of it, or have access to every course."""
        if access.has(person, product):
            return OWNED
        parts = contents.parts_for(person, product, at)
        if parts and all(part.owned for part in parts):
            return ALL_OWNED
        return availability.EVERY_COURSE if person.opens_every_course else None

    def lock(self, person: User, product: Product) -> Lock | None:
        """Open at once: what locks one of its courses stands on that course's page."""
        return None

    def refusal(self, buyer: User | None, product: Product, at: datetime) -> str | None:
        """Say why `buyer` can't take the bundle at `at`; None if they can."""
        if buyer is not None and product.creator_id == buyer.id:
            return OWN
        if buyer is not None and (sentence := self.held(buyer, product, at)):
            return sentence
        if availability.is_published(product, at) and not availability.is_available(product, at):
            return "This bundle is only available to members."
        if not availability.is_available(product, at):
            return "This bundle isn’t for sale right now."
        parts = contents.parts_for(buyer, product, at)
        if contents.is_short(parts):
            return TOO_FEW
        if not any(part.is_bought for part in parts):
            return "You already own every course of this bundle that is for sale."
        return None

    def offer(self, buyer: User | None, product: Product, at: datetime, *, gift: bool = False) -> Offer:
        """Price the courses that `buyer` doesn't own; all of them for a visitor and for a gift."""
        parts = contents.parts_for(None if gift else buyer, product, at)
        bought = [
            Part(part.course.creator_id, part.course.id, part.to_pay_cents, part.course.price_cents)
            for part in parts
            if part.is_bought
        ]
        return Offer(product.price_cents, pricing.to_pay(parts), bought)

    def amounts(
        self, prices: Mapping[uuid.UUID, int], owned: Collection[uuid.UUID], at: datetime
    ) -> dict[uuid.UUID, int | None]:
        """Price several bundles as `offer` does; too few courses that are for sale, or none to buy: None."""
        divided = contents.parts_by_price(prices, owned, at)
        return {
            bundle_id: None
            if contents.is_short(parts) or not any(part.is_bought for part in parts)
            else pricing.to_pay(parts)
            for bundle_id, parts in divided.items()
        }

    def contents(self, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
        """List the courses in each of the bundles, in their order."""
        return contents.ids_in(product_ids)

    def take_free(self, buyer: User, product: Product) -> None:
        """Give `buyer` the courses they don't own, when there is nothing to pay for them."""
        taking.take_free(buyer, contents.of_product(product))

    def reserve(self, line: Purchase) -> None:
        """Do nothing: a bundle is never sold out."""

    def deliver(self, line: Purchase) -> None:
        """Grant each course that the line has a share of to its owner, and enroll them."""
        taking.deliver(line)

    def withdraw(self, line: Purchase) -> None:
        """Revoke the line's grants, whatever else opens the courses."""
        taking.withdraw(line)

    def landing(self, line: Purchase) -> Link:
        """Lead to the page that lists the courses, which is also where it is bought."""
        if line.status == PurchaseStatus.COMPLETED:
            return self.entrance(line.product.slug)
        return Link("Back to the bundle", self.page(line.product.slug))
