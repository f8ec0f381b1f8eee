"""Load tests: generated catalogues, the servers to compare, and the reports."""
