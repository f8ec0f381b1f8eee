"""The shop as a whole: settings, audit log, mail, notifications, moderation queue, events and health."""
