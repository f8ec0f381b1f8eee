"""Entities made from the rows of precompiled statements, for the pages that are read most.

The ORM prepares anew, at every query, how each entity and column is loaded: on a lesson's page that takes
more than the database and the page's own code together. Here it is prepared once. See docs/decisions/0031.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Label, inspect
from sqlalchemy.orm import QueryableAttribute, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from models import db

Entity = TypeVar("Entity")


class EntityColumns(Generic[Entity]):
    """The columns of `entity` that a statement selects, and the entity made from them.

    `attributes` are those to load, all by default. The others load when they are first read, as after
    `load_only`. The statement takes `labels`.
    """

    def __init__(self, entity: type[Entity], attributes: Sequence[QueryableAttribute[Any]] = ()) -> None:
        mapper: Any = inspect(entity)
        chosen = {attribute.key for attribute in attributes} or {
            a.key for a in mapper.column_attrs if not a.deferred
        }
        always = {mapper.get_property_by_column(column).key for column in mapper.primary_key}
        if mapper.polymorphic_on is not None:
            always.add(mapper.get_property_by_column(mapper.polymorphic_on).key)
        self.entity, self.mapper = entity, mapper
        self.keys = sorted(chosen | always)
        prefix = mapper.local_table.name
        self.labels: list[Label[Any]] = [
            mapper.attrs[key].columns[0].label(f"{prefix}__{key}") for key in self.keys
        ]
        self.names = [label.key for label in self.labels]
        self.primary = [f"{prefix}__{mapper.get_property_by_column(c).key}" for c in mapper.primary_key]

    def made(self, row: Any) -> Entity | None:
        """Make the entity of `row`, persistent in the session; None if an outer join found none.

        One that the session already holds stays as it is; what expired in it is loaded from the row.
        """
        identity = tuple(getattr(row, name) for name in self.primary)
        if None in identity:
            return None
        values = dict(zip(self.keys, (getattr(row, name) for name in self.names), strict=True))
        held: Entity | None = db.session.identity_map.get(self.mapper.identity_key_from_primary_key(identity))
        if held is not None:
            for key in inspect(held).expired_attributes.intersection(values):
                set_committed_value(held, key, values[key])
            return held
        new: Entity = self.mapper.class_manager.new_instance()
        new.__dict__.update(values)
        make_transient_to_detached(new)
        db.session.add(new)
        return new
