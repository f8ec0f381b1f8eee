"""The tables, a file per subject; each file refers only to files above it in `models.py`."""
