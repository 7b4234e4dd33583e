import subprocess
import sys

from wios_assets.garbage import NEW_OBJECTS


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_a_process_that_ends_without_a_search_keeps_its_status_output_and_callbacks() -> None:
    ended = _run(
        "-c",
        "import sys\n"
        "from wios_assets.garbage import end_without_search\n"
        "end_without_search(lambda: 7)\n"
        "import atexit, threading\n"
        "atexit.register(print, 'callback', end='')\n"
        "threading.Thread(target=lambda: print('thread', end=' ')).start()\n"
        "sys.stderr.write('whole')\n"
        "class Cycle:\n"
        "    def __del__(self): print('searched')\n"
        "cycle = Cycle(); cycle.own = cycle\n",
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "thread callback", "whole")


def test_a_process_searches_after_so_many_new_objects_as_it_was_told() -> None:
    code = "import gc, wios_assets.garbage as garbage; garbage.search_rarely(); print(gc.get_threshold()[0])"
    assert int(_run("-c", code).stdout) == NEW_OBJECTS


def test_the_command_ends_with_its_status() -> None:
    ended = [_run("-m", "wios_assets", *arguments).returncode for arguments in (["--version"], ["who"], ["--nonsense"])]
    assert ended == [0, 2, 2]


def test_a_fault_of_the_program_ends_the_command_with_a_traceback() -> None:
    ended = _run(
        "-c",
        "import wios_assets.cli as cli\n"
        "from wios_assets.__main__ import run\n"
        "def fault(): raise AssertionError('a fault')\n"
        "cli.main = fault\n"
        "run()\n",
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback")
    assert "a fault" in ended.stderr
