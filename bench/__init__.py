"""Load: made-up catalogues, the servers to compare, and the table of results."""
