"""Structured data of a bundle for search engines: JSON-LD in the vocabulary of schema.org."""

from typing import Any

from flask import current_app, url_for

from domain.base import money
from domain.pages.bundle_page import BundleOffer, BundlePage
from domain.platform import settings


def json_ld(page: BundlePage) -> dict[str, Any]:
    """Build the Product with its offer and the courses that are part of it."""
    bundle = page.bundle
    here = _url(url_for("bundles.show", slug=bundle.slug))
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": ["Product", "CreativeWork"],
        "@id": here,
        "url": here,
        "name": bundle.title,
        "description": bundle.meta_description or bundle.summary or bundle.title,
        "author": {"@type": "Person", "name": bundle.creator.name},
        "hasPart": [
            {
                "@type": "Course",
                "name": part.course.title,
                "url": _url(url_for("catalog.course", slug=part.course.slug)),
            }
            for part in page.parts
        ],
    }
    if page.offer == BundleOffer.BUY:
        data["offers"] = {
            "@type": "Offer",
            "price": money.plain(page.full_cents, bundle.currency),
            "priceCurrency": bundle.currency.upper(),
            "availability": "https://schema.org/InStock",
            "url": here,
            "seller": {"@type": "Organization", "name": settings.current().name},
        }
    if bundle.rating_count:
        data["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": round(bundle.rating_avg, 2),
            "reviewCount": bundle.rating_count,
        }
    return data


def _url(path: str) -> str:
    return f"{current_app.config['SETTINGS'].base_url}{path}"
