"""Scratch folders: kept while their process lives, removed by the next one when it was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wios_assets.scratch import remove_abandoned, scratch_folder

HOLD = """
import sys
from pathlib import Path
from wios_assets.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half.parquet").write_bytes(b"PAR1")
    print(folder, flush=True)
    sys.stdin.read()
"""


def holder(root: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process with a scratch folder, and that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_the_folder_and_its_lock_are_gone_after_the_block_and_after_an_error(tmp_path: Path) -> None:
    with scratch_folder(tmp_path / "root") as folder:
        assert folder.is_dir()
    with pytest.raises(RuntimeError), scratch_folder(tmp_path / "root") as folder:
        raise RuntimeError
    assert [entry.name for entry in (tmp_path / "root").iterdir()] == [".lock"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_the_folder_of_a_killed_process_is_removed_by_the_next_and_that_of_a_living_one_is_kept(tmp_path: Path) -> None:
    killed, left = holder(tmp_path)
    living, kept = holder(tmp_path)
    with killed, living:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert left.is_dir()
        with scratch_folder(tmp_path) as own:
            assert not left.exists()
            assert {entry.name for entry in tmp_path.iterdir() if entry.is_dir()} == {own.name, kept.name}
        assert (kept / "half.parquet").is_file()
        living.communicate("")
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]


def test_own_folders_are_kept_by_further_ones_in_the_same_process(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as outer, scratch_folder(tmp_path) as inner:
        remove_abandoned(tmp_path)
        assert outer.is_dir()
        assert inner.is_dir()


def test_folders_of_earlier_versions_have_no_lock_and_are_removed(tmp_path: Path) -> None:
    (tmp_path / "old" / "rows").mkdir(parents=True)
    remove_abandoned(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]
    remove_abandoned(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()
