"""Routes of the categories: add, rename, move, delete."""

import uuid

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.forms import CategoryForm, MoveForm
from domain.catalog import categories
from models import Category, db
from web import hypermedia
from web.actions import Attempt
from web.reauthentication import fresh
from web.signed_in import me


@bp.route("/categories", methods=["GET", "POST"], endpoint="categories")
def index() -> Response:
    """Show the category tree; posting adds a category."""
    branches = categories.tree()
    form = CategoryForm.among(branches)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            made = categories.add(form.wish(), me())
            attempt.say(f"“{made.name}” is added.")
            return hypermedia.see_other(url_for("admin.categories"))
    return hypermedia.render("admin/categories.html", status=form.status, branches=branches, form=form)


@bp.route("/categories/<uuid:category_id>", methods=["GET", "POST"])
def category(category_id: uuid.UUID) -> Response:
    """Show and save one category: name, description, icon and parent."""
    row = _locked(category_id) if request.method == "POST" else _category(category_id)
    form = CategoryForm.among([b for b in categories.tree() if b.category.id != row.id], obj=row)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            categories.change(row, form.wish(), me())
            attempt.say("Saved.")
            return hypermedia.see_other(url_for("admin.categories"))
    return hypermedia.render("admin/category.html", status=form.status, category=row, form=form)


@bp.post("/categories/<uuid:category_id>/move")
def move_category(category_id: uuid.UUID) -> Response:
    """Move a category one place up or down among its siblings."""
    form = MoveForm()
    if not form.validate():
        abort(400)
    row = _locked(category_id)
    categories.move(row, form.to.data == "up", me())
    db.session.commit()
    return hypermedia.see_other(url_for("admin.categories"))


@bp.post("/categories/<uuid:category_id>/delete")
@fresh
def delete_category(category_id: uuid.UUID) -> Response:
    """Delete an empty category."""
    row = categories.find(category_id)
    if row is not None:
        with Attempt() as attempt:
            attempt.say(f"“{row.name}” is deleted.")
            categories.delete(row, me())
    return hypermedia.see_other(url_for("admin.categories"))


def _category(category_id: uuid.UUID) -> Category:
    return categories.find(category_id) or abort(404)


def _locked(category_id: uuid.UUID) -> Category:
    """Load a category with all of them locked; abort with 404 for one that was deleted meanwhile."""
    row = _category(category_id)
    return row if row in categories.lock_all() else abort(404)
