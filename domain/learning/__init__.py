"""Access to courses, enrolment, playback and progress."""
