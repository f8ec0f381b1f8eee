"""Courses as a kind of product: bought, they open to their owner."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from domain.base.addresses import path_to, pattern_of
from domain.catalog import availability, kinds, lifecycle
from domain.catalog.availability import Offer
from domain.catalog.kinds import Link, Lock, Part
from domain.learning import access, enrollment, prerequisites
from models import Course, Product, ProductStatus, Purchase, PurchaseStatus, User


class CourseKind:
    """A course: one part, a grant by the purchase, and the lessons behind it."""

    noun = "course"

    def page(self, slug: str) -> str:
        """Build the path of the course's page."""
        return pattern_of("catalog.course").format(slug=slug)

    def entrance(self, slug: str) -> Link:
        """Lead to the lessons."""
        return Link("Go to the course", path_to("learn.course", course_slug=slug))

    def editor(self, product: Product) -> str:
        """Lead to the page on which it is submitted."""
        return path_to("studio.publish", course_id=product.id)

    def take_down(self, product: Product, admin: User, note: str) -> None:
        """Archive it."""
        lifecycle.change_status(_course(product), ProductStatus.ARCHIVED, admin, note)

    def is_known_to(self, person: User | None, product: Product) -> bool:
        """Tell whether it is public, or theirs."""
        return access.decide(person, _course(product)).reason != access.DenialReason.DRAFT

    def held(self, person: User, product: Product, at: datetime) -> str | None:
        """Say that they own it, or have access to every course."""
        offer = access.offer_to(person, _course(product), at)
        if offer == Offer.CONTINUE:
            return availability.ALREADY_OWNED
        return availability.EVERY_COURSE if offer == Offer.FREE_ACCESS else None

    def lock(self, person: User, product: Product) -> Lock | None:
        """Name the prerequisites that they have to finish first."""
        return prerequisites.lock_on(prerequisites.locking(person, product))

    def refusal(self, buyer: User | None, product: Product, at: datetime) -> str | None:
        """Say why `buyer` can't take the course at `at`; None if they can."""
        offer = access.offer_to(buyer, _course(product), at)
        if offer == Offer.CONTINUE:
            return availability.ALREADY_OWNED
        return availability.refusal(offer, product, at)

    def offer(self, buyer: User | None, product: Product, at: datetime, *, gift: bool = False) -> kinds.Offer:
        """Price it as everybody pays it, all for the course's creator."""
        part = Part(product.creator_id, product.id, product.price_cents, product.price_cents)
        return kinds.Offer(product.price_cents, product.price_at(at), [part])

    def amounts(
        self, prices: Mapping[uuid.UUID, int], owned: Collection[uuid.UUID], at: datetime
    ) -> dict[uuid.UUID, int | None]:
        """Price each as everybody pays it."""
        return dict(prices)

    def contents(self, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
        """Each course is its own contents."""
        return {product_id: [product_id] for product_id in product_ids}

    def take_free(self, buyer: User, product: Product) -> None:
        """Enroll them for free."""
        enrollment.enroll_free(buyer, _course(product))

    def reserve(self, line: Purchase) -> None:
        """Do nothing: a course is never sold out."""

    def deliver(self, line: Purchase) -> None:
        """Grant the course to the line's owner and enroll them."""
        enrollment.open_bought(line, line.product_id)

    def withdraw(self, line: Purchase) -> None:
        """Revoke the line's grant, whatever else opens the course."""
        access.revoke(line.id)

    def landing(self, line: Purchase) -> Link:
        """Lead to the lessons, to what locks them, or to the course's page while the line isn't paid."""
        if line.status == PurchaseStatus.COMPLETED:
            if lock := kinds.lock_of(line):
                return lock.way
            return Link("Start learning", self.entrance(line.product.slug).path)
        return Link("Back to the course", self.page(line.product.slug))


def _course(product: Product) -> Course:
    assert isinstance(product, Course)  # noqa: S101 - what this kind is registered for
    return product
