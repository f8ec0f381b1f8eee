"""The published catalogue in memory: built, kept up to date, filtered, counted and searched."""
