"""Moderation: the decisions of admins, and the pages they review before."""
