"""The code that somebody typed or came with by a link: a cookie keeps it until the cart is paid.

It is no part of the session, which ends with a sign-in, and so that public pages of guests keep their ETag.
What it says is looked up anew at every quote, so it needn't be signed.
"""

from flask import Flask, Response, after_this_request, current_app, g, request

from domain.coupons import codes

COOKIE = "lectern_coupon"
KEPT_FOR = 30 * 24 * 60 * 60
# Where a link may bring a code; elsewhere `code` means something else, such as a sign-in's.
_AREAS = ("catalog", "cart", "bundles")


def init_app(app: Flask) -> None:
    """Keep the code of a link that leads to the catalogue or the cart."""
    app.before_request(_take_from_link)


def kept() -> str:
    """Return the code that this browser came with or typed last; "" without one."""
    code = g.get("coupon_code")
    if code is None:
        code = codes.read(request.cookies.get(COOKIE, "")) or ""
    return str(code)


def keep(code: str) -> None:
    """Keep a code from now on."""
    g.coupon_code = codes.read(code) or ""
    after_this_request(_write)


def forget() -> None:
    """Keep none any more."""
    g.coupon_code = ""
    after_this_request(_write)


def _take_from_link() -> None:
    """Take `?code=` of a page; what can't be a code is ignored, as other parts of an address are."""
    typed = request.args.get("code", "") if request.method == "GET" else ""
    if typed and request.blueprint in _AREAS and codes.read(typed) not in (None, kept()):
        keep(typed)


def _write(response: Response) -> Response:
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    if g.coupon_code:
        response.set_cookie(
            COOKIE, g.coupon_code, max_age=KEPT_FOR, secure=secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE, secure=secure, httponly=True, samesite="Lax")
    return response
