"""Contents of a backup: manifest, files, encryption and streams."""
