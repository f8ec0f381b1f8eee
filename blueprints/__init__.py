"""The areas of the site, a folder each."""

from flask import Blueprint

from blueprints import (
    account,
    admin,
    auth,
    bundles,
    cart,
    catalog,
    checkout,
    dev,
    gifts,
    learn,
    media,
    notifications,
    orders,
    reviews,
    site,
    stripe_hooks,
    studio,
    teach,
    wishlist,
)

AREAS: list[Blueprint] = [
    site.bp,
    catalog.bp,
    bundles.bp,
    auth.bp,
    account.bp,
    checkout.bp,
    orders.bp,
    gifts.bp,
    gifts.mine,
    learn.bp,
    reviews.bp,
    wishlist.bp,
    cart.bp,
    notifications.bp,
    stripe_hooks.bp,
    media.bp,
    teach.bp,
    studio.bp,
    admin.bp,
    dev.bp,
]
