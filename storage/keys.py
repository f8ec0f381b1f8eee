"""Storage keys: the allowed names of stored files."""


class UnsafeKeyError(ValueError):
    """An invalid key: `..`, absolute, empty parts, control characters, too long (path traversal)."""


def check_key(key: str) -> str:
    """Return the key if it is safe as a path and an object name. Raises UnsafeKeyError.

    >>> check_key("media/1/a.mp4")
    'media/1/a.mp4'
    """
    parts = key.split("/")
    if not key or len(key) > 255 or not key.isprintable() or "\\" in key:
        raise UnsafeKeyError(f"Not a storage key: {key[:80]!r}")
    if any(part in ("", ".", "..") for part in parts) or parts[0].startswith("."):
        raise UnsafeKeyError(f"Not a storage key: {key[:80]!r}")
    return key


def is_key(text: str) -> bool:
    """Tell whether a name is a valid key; others are foreign files beside ours."""
    try:
        check_key(text)
    except UnsafeKeyError:
        return False
    return True


def check_prefix(prefix: str) -> str:
    """Return the folder if it is a valid key with one `/` at its end. Raises UnsafeKeyError."""
    if not prefix.endswith("/"):
        raise UnsafeKeyError(f"Not a storage folder: {prefix[:80]!r}")
    check_key(prefix[:-1])
    return prefix
