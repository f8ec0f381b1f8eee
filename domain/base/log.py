"""The log of Lectern, for whatever an operator should read."""

import logging

log = logging.getLogger("lectern")
