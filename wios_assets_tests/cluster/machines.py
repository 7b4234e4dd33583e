"""Machines of a small network: each has a network namespace, a host name and mounts of its own, on this computer."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

WIOS = str(Path(sys.executable).with_name("wios"))
ENDED_WITHIN_S = 30.0
NETWORK = "10.213.7"


@dataclass
class Machine:
    """A machine of the network.

    Attributes:
        name: its host name.
        namespace: name of its network namespace.
        address: its IPv4 address.
        root: folder with all that only this machine has; other machines see it empty.
        mounts: folders outside by the path at which this machine sees them.
        hidden: folders that this machine sees empty.
        hosts: the file that is its /etc/hosts.
        environment: variables of all of its processes.
        cores: processors that its processes may use.
    """

    name: str
    namespace: str
    address: str
    root: Path
    mounts: dict[Path, Path]
    hidden: list[Path]
    hosts: Path
    environment: dict[str, str] = field(default_factory=dict)
    cores: str = "0-1"
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def popen(self, command: Sequence[object], more: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a command on the machine, in a process group of its own; see `output`."""
        steps = ["set -e", "mount --make-rprivate /", f"hostname {self.name}", f"mount --bind {self.hosts} /etc/hosts"]
        steps += [f"mkdir -p {path}; mount --bind {outside} {path}" for path, outside in self.mounts.items()]
        steps += [f"mount -t tmpfs none {folder}" for folder in self.hidden]
        steps += ["ip link set lo up", 'exec taskset -c "$0" "$@"']
        inner = ["unshare", "--mount", "--uts", "sh", "-c", "; ".join(steps), self.cores, *map(str, command)]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("WIOS_", "SPARK_", "PYSPARK_", "COV_"))}
        environment = {"OMP_NUM_THREADS": "1", "DAGSTER_HOME": ""} | self.environment | dict(more or {})
        with (self.root.parent / f"{self.name}-{len(self.started)}.log").open("wb") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, *inner],
                env=inherited | environment,
                cwd=self.root,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def output(self) -> str:
        """Output so far of the command that was started last."""
        return (self.root.parent / f"{self.name}-{len(self.started) - 1}.log").read_text(encoding="utf-8")

    def run(self, command: Sequence[object], more: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a command on the machine; its exit code and output."""
        code = self.popen(command, more).wait()
        return code, self.output()

    def wait_for_port(self, port: int) -> None:
        """Wait until something listens on a port of the machine's address."""
        probe = f"exec 3<>/dev/tcp/{self.address}/{port}"
        command = ["ip", "netns", "exec", self.namespace, "bash", "-c", probe]
        while subprocess.run(command, capture_output=True, check=False).returncode:
            assert self.started[-1].poll() is None, self.output()
            time.sleep(0.2)

    def cut(self) -> None:
        """Take the machine off the network: nothing comes or goes any more."""
        ip("-n", self.namespace, "link", "set", "eth0", "down")

    def join(self) -> None:
        """Bring the machine back to the network."""
        ip("-n", self.namespace, "link", "set", "eth0", "up")

    def processes(self, word: str) -> list[psutil.Process]:
        """Processes that `popen` started, and theirs, whose command line has a word."""
        family: list[psutil.Process] = []
        for process in self.started:
            with suppress(psutil.Error):
                top = psutil.Process(process.pid)
                family += [top, *top.children(recursive=True)]
        found = []
        for each in family:
            # One that has just ended has no command line.
            with suppress(psutil.Error):
                if word in " ".join(each.cmdline()):
                    found.append(each)
        return found

    def end(self) -> None:
        """Kill all that runs on the machine."""
        for process in self.processes(""):
            with suppress(psutil.Error):
                process.kill()
        for command in self.started:
            with suppress(ProcessLookupError):
                os.killpg(command.pid, signal.SIGKILL)
            command.wait(ENDED_WITHIN_S)
        self.started.clear()


def ip(*arguments: str) -> None:
    """Call iproute2's `ip`."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def require_namespaces() -> None:
    """Skip the test where namespaces cannot be made."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("network namespaces need Linux and root")
    for tool in ("ip", "unshare", "taskset", "bash"):
        if shutil.which(tool) is None:
            pytest.skip(f"no `{tool}` on the PATH")
    probe = subprocess.run(["unshare", "--mount", "--uts", "--net", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this machine does not let root make namespaces")


@contextmanager
def network(folder: Path, names: Sequence[str]) -> Iterator[dict[str, Machine]]:
    """Machines on one bridge, which the first of them has; they are ended and removed when the block ends."""
    mark = f"wios{os.getpid()}"
    hosts = folder / "hosts"
    addresses = {name: f"{NETWORK}.{number}" for number, name in enumerate(names, 1)}
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in addresses.items())]
    hosts.write_text("\n".join(lines) + "\n", encoding="ascii")
    roots = {name: folder / name for name in names}
    machines: dict[str, Machine] = {}
    try:
        for name, root in roots.items():
            root.mkdir()
            hidden = [other for other in roots.values() if other != root]
            machine = Machine(name, f"{mark}-{name}", addresses[name], root, {}, hidden, hosts)
            ip("netns", "add", machine.namespace)
            machines[name] = machine
            ip("-n", machine.namespace, "link", "set", "lo", "up")
        first, *others = machines.values()
        ip("-n", first.namespace, "link", "add", "eth0", "type", "bridge")
        for machine in others:
            # Made inside, so that the computer's own network has no part in it.
            end = f"to-{machine.name}"[:15]
            ip("-n", first.namespace, "link", "add", end, "type", "veth", "peer", "eth0", "netns", machine.namespace)
            ip("-n", first.namespace, "link", "set", end, "master", "eth0", "up")
        for machine in machines.values():
            ip("-n", machine.namespace, "addr", "add", f"{machine.address}/24", "dev", "eth0")
            machine.join()
        yield machines
    finally:
        for machine in machines.values():
            machine.end()
        for machine in machines.values():
            ip("netns", "delete", machine.namespace)
