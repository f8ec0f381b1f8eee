"""Coupons: what a code or an automatic discount takes off an order, who bears it, and how often it is used.

Others call `discounts.find` for the discount of some lines, `amounts.fee` for the platform's part of a line,
and `redemptions.reserve`, `release` and `consume` as an order opens, ends and is paid.
"""
