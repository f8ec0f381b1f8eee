"""Disputes: payments that a buyer's bank demands back, what is booked for them, and the answer to the bank.

Stripe's dispute is the truth. `applying.apply` brings our row and what follows from it to the state that
Stripe reports, in any order and any number of times; `evidence` and `answers` write the answer.
"""
