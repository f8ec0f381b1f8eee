"""The areas of the site, a folder each."""

from flask import Blueprint

from blueprints.account import account
from blueprints.admin import admin
from blueprints.auth import auth
from blueprints.catalog import catalog
from blueprints.checkout import checkout
from blueprints.dev import dev
from blueprints.learn import learn
from blueprints.media import media
from blueprints.notifications import notifications
from blueprints.orders import orders
from blueprints.reviews import reviews
from blueprints.site import site
from blueprints.stripe_hooks import stripe_hooks
from blueprints.studio import studio
from blueprints.teach import teach
from blueprints.wishlist import wishlist

AREAS: list[Blueprint] = [
    site,
    catalog,
    auth,
    account,
    checkout,
    orders,
    learn,
    reviews,
    wishlist,
    notifications,
    stripe_hooks,
    media,
    teach,
    studio,
    admin,
    dev,
]
