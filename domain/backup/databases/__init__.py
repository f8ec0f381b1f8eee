"""Databases to back up: SQLite and PostgreSQL behind one interface."""
