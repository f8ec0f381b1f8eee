"""Bundles: courses sold together, of which a buyer pays only for what they don't own."""
