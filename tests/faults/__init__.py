"""Faults planted on purpose, to see that the tests notice them. See docs/contributing.md."""
