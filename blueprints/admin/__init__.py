"""The desk of those who run the site: what waits, what failed, what happened, and how the shop is set up."""

from flask import Blueprint

import doors

admin = doors.admins(Blueprint("admin", __name__, url_prefix="/admin"))
