"""`python -m wios_assets` is `wios`."""

from wios_assets.cli import main

main()
