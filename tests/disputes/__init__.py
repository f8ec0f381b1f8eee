"""Disputes: what is booked, who may learn meanwhile, and the answer to the bank."""
