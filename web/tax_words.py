"""The words about tax beside prices, for whoever looks at the page; asked for once in a request."""

from flask import g
from flask_login import current_user

from domain.base import clock
from domain.platform import settings
from domain.tax import billing, treatment, words
from models import TaxMode


def beside_price() -> str:
    """Say how prices stand to tax for the reader: by their billing country, or the seller's for a visitor."""
    if "tax_words" not in g:
        g.tax_words = words.beside_price(of_reader())
    said: str = g.tax_words
    return said


def of_reader() -> treatment.Treatment:
    """Choose the treatment of what the reader would buy now."""
    shop = settings.current()
    asks = shop.tax_mode == TaxMode.OWN and current_user.is_authenticated
    return treatment.of(billing.of(current_user) if asks else None, shop, clock.now())
