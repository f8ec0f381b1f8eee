"""The formats of lesson files: front matter in YAML, TOML or JSON, MDX, and notebooks.

Each module turns its format into Markdown and plain values; none of them knows rows or storage.
"""
