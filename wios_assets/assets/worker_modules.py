"""What the process imports, once, that the workers of the pool are forked from."""

from wios_assets.garbage import end_without_search, search_rarely

end_without_search(lambda: 0)
search_rarely()

# After the call above: the callbacks of these modules' ends must run before its own.
from wios_assets.assets import footage_job, photo_faces  # noqa: E402

__all__ = ["footage_job", "photo_faces"]
