"""People: registration, sign-in, second factor, devices, suspension, and becoming a creator."""
