"""The logger "lectern", for what an operator should read."""

import logging

log = logging.getLogger("lectern")
