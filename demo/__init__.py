"""The demo marketplace: data files, and the loader that bin/dev runs."""
