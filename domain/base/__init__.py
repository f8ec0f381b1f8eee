"""Helpers for all subjects: clock, text, Markdown, pagination, SQL helpers, encryption. No business rules."""
