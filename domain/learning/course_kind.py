"""Courses as a kind of product: bought, they open to their owner."""

from datetime import datetime

from domain.base.addresses import path_to
from domain.catalog import availability
from domain.catalog.availability import Offer
from domain.catalog.kinds import Link, Part
from domain.learning import access, enrollment
from models import Course, GrantSource, Product, Purchase, PurchaseStatus, User


class CourseKind:
    """A course: one part, a grant by the purchase, and the lessons behind it."""

    def refusal(self, buyer: User, product: Product, at: datetime) -> str | None:
        """Say why `buyer` can't take the course at `at`; None if they can."""
        assert isinstance(product, Course)  # noqa: S101 - what this kind is registered for
        offer = access.offer_to(buyer, product, at)
        if offer == Offer.CONTINUE:
            return availability.ALREADY_OWNED
        return availability.refusal(offer, product, at)

    def parts(self, product: Product) -> list[Part]:
        """Give it all to the course's creator."""
        return [Part(product.creator_id, product.id, product.price_cents)]

    def reserve(self, line: Purchase) -> None:
        """Do nothing: a course is never sold out."""

    def deliver(self, line: Purchase) -> None:
        """Grant the course to the line's owner and enroll them."""
        access.grant(line.owner_id, line.product_id, GrantSource.PURCHASE, line.id)
        enrollment.enroll(line.owner_id, line.product_id)

    def withdraw(self, line: Purchase) -> None:
        """Revoke the line's grant, whatever else opens the course."""
        access.revoke(line.id)

    def landing(self, line: Purchase) -> Link:
        """Lead to the lessons, or to the course's page while the line isn't paid."""
        if line.status == PurchaseStatus.COMPLETED:
            return Link("Start learning", path_to("learn.course", course_slug=line.product.slug))
        return Link("Back to the course", path_to("catalog.course", slug=line.product.slug))
