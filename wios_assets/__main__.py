"""`python -m wios_assets` is `wios`."""

from wios_assets.garbage import end_without_search, search_rarely


def run() -> None:
    """Run `wios` in a process of its own."""
    # A fault of the program ends with a traceback.
    status = 1
    end_without_search(lambda: status)
    search_rarely()
    from wios_assets.cli import main

    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


if __name__ == "__main__":
    run()
