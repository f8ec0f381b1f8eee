"""The web layer: forms, fragments, guards, sessions, errors, headers, static files and the request log."""
