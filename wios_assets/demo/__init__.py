"""The embedded example of `wios demo`: it shows the steps, not the accuracy."""

from wios_assets.demo.example import KEY, Example, make_example

__all__ = ["KEY", "Example", "make_example"]
