"""Structured data of a course for search engines: JSON-LD in the vocabulary of schema.org."""

from typing import Any

from flask import current_app, url_for

from domain.base import money
from domain.catalog.availability import Offer
from domain.community.review_list import ReviewList, ReviewRow
from domain.pages.course_page import CoursePage
from domain.platform import images, last_days, settings
from web import cover_image

REVIEWS = 3
ON_SALE = (Offer.BUY, Offer.ENROLL)


def json_ld(page: CoursePage, reviews: ReviewList) -> list[dict[str, Any]]:
    """Build the Course with its offer, rating and first reviews, and the BreadcrumbList."""
    course = _course(page)
    if reviews.lines:
        course["review"] = [_review(line) for line in reviews.lines if not line.is_hidden][:REVIEWS]
    return [course, _crumbs(page)]


def image(row: Any) -> str:
    """Build the address of a course's image for other sites: its cover, or the generated one as PNG."""
    if row.thumbnail:
        return _url(images.address("thumbnail", row.thumbnail, 1200))
    return _url(url_for("catalog.cover", slug=row.slug, v=cover_image.version(row.title)))


def _course(page: CoursePage) -> dict[str, Any]:
    row, site = page.row, settings.current()
    here = _url(url_for("catalog.course", slug=row.slug))
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Course",
        "@id": here,
        "url": here,
        "name": row.title,
        "description": row.meta_description or row.summary or row.title,
        "inLanguage": row.language,
        "educationalLevel": row.level.value.capitalize(),
        "provider": {"@type": "Organization", "name": site.name, "url": _url(url_for("catalog.home"))},
        "author": {
            "@type": "Person",
            "name": row.creator_name,
            "url": _url(url_for("catalog.creator", slug=row.creator_slug)),
        },
        "hasCourseInstance": {
            "@type": "CourseInstance",
            "courseMode": "Online",
            "courseWorkload": f"PT{max(1, round(row.duration_seconds / 60))}M",
        },
    }
    data["image"] = image(row)
    if row.objectives:
        data["teaches"] = [str(objective) for objective in row.objectives]
    if page.offer in ON_SALE:
        data["offers"] = _offer(row, here)
    if row.rating_count:
        data["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": round(row.rating_avg, 2),
            "reviewCount": row.rating_count,
            "bestRating": 5,
            "worstRating": 1,
        }
    return data


def _review(line: ReviewRow) -> dict[str, Any]:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": line.author or "Former member"},
        "datePublished": line.created_at.date().isoformat(),
        "reviewRating": {"@type": "Rating", "ratingValue": line.rating, "bestRating": 5, "worstRating": 1},
        "reviewBody": line.comment,
    }


def _offer(row: Any, here: str) -> dict[str, Any]:
    offer = {
        "@type": "Offer",
        "category": "Paid" if row.price_now_cents else "Free",
        "price": money.plain(row.price_now_cents, row.currency),
        "priceCurrency": row.currency.upper(),
        "availability": "https://schema.org/InStock",
        "url": here,
    }
    if row.reference_cents:
        offer["priceSpecification"] = {
            "@type": "UnitPriceSpecification",
            "priceType": "https://schema.org/StrikethroughPrice",
            "price": money.plain(row.reference_cents, row.currency),
            "priceCurrency": row.currency.upper(),
        }
    if row.sale_ends_at is not None:
        offer["priceValidUntil"] = last_days.last_day(row.sale_ends_at).isoformat()
    return offer


def _crumbs(page: CoursePage) -> dict[str, Any]:
    row = page.row
    trail = [("Courses", url_for("catalog.courses"))]
    if row.parent_slug:
        trail.append((row.parent_name, url_for("catalog.category", slug=row.parent_slug)))
    trail.append((row.category_name, url_for("catalog.category", slug=row.category_slug)))
    trail.append((row.title, url_for("catalog.course", slug=row.slug)))
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": at, "name": name, "item": _url(path)}
            for at, (name, path) in enumerate(trail, 1)
        ],
    }


def _url(path: str) -> str:
    return str(current_app.config["SETTINGS"].base_url) + path
