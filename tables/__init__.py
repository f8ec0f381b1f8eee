"""The tables, declarations only, one file per subject. Each refers only to files above it in `models.py`."""
