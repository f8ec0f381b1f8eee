"""The studio: creators edit and publish their courses, and see sales, students and reviews."""

from flask import Blueprint

from web import guards

bp = guards.creators(Blueprint("studio", __name__, url_prefix="/studio"))

from blueprints.studio import (  # noqa: E402
    access,  # noqa: F401
    analytics,  # noqa: F401
    bundle_courses,  # noqa: F401
    bundle_editor,  # noqa: F401
    bundle_requests,  # noqa: F401
    bundle_submission,  # noqa: F401
    bundles,  # noqa: F401
    captions,  # noqa: F401
    coupons,  # noqa: F401
    courses,  # noqa: F401
    curriculum,  # noqa: F401
    curriculum_chosen,  # noqa: F401
    curriculum_rows,  # noqa: F401
    details,  # noqa: F401
    earnings,  # noqa: F401
    exports,  # noqa: F401
    film_lessons,  # noqa: F401
    images,  # noqa: F401
    imports,  # noqa: F401
    lessons,  # noqa: F401
    markdown_preview,  # noqa: F401
    media,  # noqa: F401
    overview,  # noqa: F401
    payout_account,  # noqa: F401
    payouts,  # noqa: F401
    pricing,  # noqa: F401
    profile,  # noqa: F401
    refunds,  # noqa: F401
    resources,  # noqa: F401
    reviews,  # noqa: F401
    sharing,  # noqa: F401
    students,  # noqa: F401
    submission,  # noqa: F401
    uploads,  # noqa: F401
)
