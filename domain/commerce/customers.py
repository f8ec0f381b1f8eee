"""The buyer as Stripe knows them: one customer per person, with their present address and name."""

import hashlib
from typing import NamedTuple

import payments
from models import User


class Customer(NamedTuple):
    """A person at Stripe: the customer's `id`, "" for none, and a digest of what Stripe was last told."""

    id: str = ""
    told: str = ""


NOBODY = Customer()


class Buyer(NamedTuple):
    """A person about to pay: their particulars now, and their customer as of the last checkout."""

    user_id: str
    email: str
    name: str
    customer: Customer

    @property
    def digest(self) -> str:
        """Digest what a customer shows, so that it needn't be told again what it knows."""
        return hashlib.sha256(f"{self.email}\n{self.name}".encode()).hexdigest()


def buyer_of(user: User) -> Buyer:
    """Describe `user`, for steps without a transaction."""
    known = Customer(user.stripe_customer_id or "", user.stripe_customer_told or "")
    return Buyer(str(user.id), user.email, user.name, known)


def bring_up_to_date(buyer: Buyer, key: str) -> Customer:
    """Tell Stripe of the buyer's present address and name if it doesn't know them, or make their customer.

    `key` is the idempotency key of making one. Raises payments.PaymentUnavailable, PaymentRefused, KeySpent.
    """
    known, digest = buyer.customer, buyer.digest
    if known.id and known.told == digest:
        return known  # if Stripe has lost it, opening the session says so
    if known.id and payments.update_customer(known.id, buyer.email, buyer.name):
        return Customer(known.id, digest)
    return Customer(payments.ensure_customer(key, buyer.email, buyer.name, buyer.user_id), digest)


def remember(user: User, customer: Customer) -> None:
    """Keep who `user` is at Stripe. The person's row must be locked."""
    user.stripe_customer_id, user.stripe_customer_told = customer.id or None, customer.told or None
