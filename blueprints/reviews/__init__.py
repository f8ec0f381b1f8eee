"""Reviews of products: one's own, votes, replies and reports. They are shown on the page of their product."""

from urllib.parse import urlencode

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from domain.catalog import kinds
from domain.community import review_list, reviews
from models import Product
from web import guards, hypermedia
from web.signed_in import me

bp = guards.signed_in(Blueprint("reviews", __name__))


def place() -> str:
    """Build the query string that restores the order and page of reviews that the reader came from."""
    names = ("reviews_sort", "reviews_page")
    given = {name: request.args[name][:20] for name in names if name in request.args}
    return f"?{urlencode(given)}" if given else ""


def page_of(product: Product, anchor: str = "reviews") -> str:
    """Build the address of the product's page, at its reviews as the reader had them."""
    return f"{kinds.page(product)}{place()}#{anchor}"


def show_again(product: Product, focus: str | None = None) -> Response:
    """Render the reviews again, as a fragment or by redirect; `focus` names the part to scroll to."""
    if not hypermedia.is_swap():
        return hypermedia.see_other(page_of(product))
    return hypermedia.render(
        "reviews/_section.html",
        "reviews/section.oob.html",
        product=product,
        reviews=review_list.load(product.id, me(), request.args),
        can_review=reviews.may_review(me(), product),
        focus=focus,
    )


def refuse(product: Product, sentence: str) -> Response:
    """Explain a refusal (403), on a page of its own or as a toast beside the reviews."""
    if not hypermedia.is_swap():
        return hypermedia.render("reviews/refused.html", status=403, product=product, sentence=sentence)
    hypermedia.toast(sentence, "warn")
    answer = show_again(product)
    answer.status_code = 403
    return answer


@bp.url_value_preprocessor
def refuse_unreadable(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """Answer 404 for an address with a NUL: PostgreSQL refuses it in a query with an error."""
    if any("\x00" in str(value) for value in (values or {}).values()):
        abort(404)


from blueprints.reviews import course_reports, my_review, reports, votes  # noqa: E402,F401
