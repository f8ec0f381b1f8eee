"""Queries of pages that join several subjects. Only blueprints import them."""
