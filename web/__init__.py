"""What only the web needs: forms, fragments, guards, errors, files and the log of requests."""
