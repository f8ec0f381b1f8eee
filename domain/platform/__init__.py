"""The platform: settings, audit log, mail, notifications, moderation queue, events and health."""
