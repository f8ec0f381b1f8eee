"""Storage keys: the allowed names of stored files."""


class UnsafeKeyError(ValueError):
    """A storage key that could leave its place: `..`, absolute, empty parts, control characters, too long."""


def check_key(key: str) -> str:
    """The same key when it is safe to use as a path and an object name.

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
    """Tell what can be a key from what somebody else has put beside our files."""
    try:
        check_key(text)
    except UnsafeKeyError:
        return False
    return True


def check_prefix(prefix: str) -> str:
    """The same folder when it is a safe key with one `/` at its end."""
    if not prefix.endswith("/"):
        raise UnsafeKeyError(f"Not a storage folder: {prefix[:80]!r}")
    check_key(prefix[:-1])
    return prefix
