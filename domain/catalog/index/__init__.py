"""The published catalogue in memory: an index that is built, cached, filtered, counted and searched."""
