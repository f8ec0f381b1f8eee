"""Reviews, replies and reports."""
