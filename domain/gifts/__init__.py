"""Gifts: lines of orders that somebody else claims by a link.

Checkout and fulfilment call `orders`: `attach` when an order opens, `deliver` when it is paid, `end` when it
is refunded. `claiming` is the receiver's side, `giving` the giver's, `exchange` swaps what somebody has
already, `mailing` sends what is due.
"""
