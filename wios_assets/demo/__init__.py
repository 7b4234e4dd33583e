"""The embedded example: it shows the way through, not the accuracy."""

from wios_assets.demo.example import KEY, Example, make_example

__all__ = ["KEY", "Example", "make_example"]
