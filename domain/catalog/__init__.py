"""Courses as the shop shows them: price, lifecycle, expiry, categories, tags, creators, cards."""
