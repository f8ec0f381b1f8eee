"""What admins decide about what waits in the queue, and what they read before they do."""
