"""Courses as their creators write them, from the first draft to the submission."""
