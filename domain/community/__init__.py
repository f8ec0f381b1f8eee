"""Reviews, votes, replies and reports."""
