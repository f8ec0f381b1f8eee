"""Reading CREATE TABLE statements."""


def clauses(create_table: str) -> set[str]:
    """Split a CREATE TABLE into its columns and constraints, plus what stands behind the last bracket.

    Blanks are evened out, so that two statements that mean the same table give the same set.
    """
    start, end = create_table.index("(") + 1, create_table.rindex(")")
    parts = [*_split(create_table[start:end]), create_table[end + 1 :]]
    return {" ".join(part.split()) for part in parts} - {""}


def _split(body: str) -> list[str]:
    """Split at the commas that stand in no bracket and no quotes."""
    parts, depth, quote = [""], 0, ""
    for character in body:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def named(create_table: str, name: str) -> str | None:
    """Find the constraint called `name`."""
    prefixes = (f"CONSTRAINT {name} ", f'CONSTRAINT "{name}" ')
    return next((clause for clause in clauses(create_table) if clause.startswith(prefixes)), None)
