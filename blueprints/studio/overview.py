"""Route of the studio's dashboard."""

from werkzeug.wrappers import Response

from blueprints.studio import bp
from domain.base.money import money
from domain.pages import studio_home
from web import hypermedia
from web.signed_in import me


@bp.get("")
def overview() -> Response:
    """Show sales per month, open tasks and news."""
    found = studio_home.load(me())
    return hypermedia.render(
        "studio/overview.html",
        overview=found,
        # A month with more refunds than earnings is negative: no bar, but its number is shown.
        earned=[(one.month.name, max(0, one.earned_cents)) for one in found.months],
        earned_shown=[money(one.earned_cents, found.currency) for one in found.months],
        sold=[(one.month.name, one.sales) for one in found.months],
    )
