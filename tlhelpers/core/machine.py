"""What a run ran on; whatever differs from system to system stands here, and in `memory`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from tlhelpers.core.settings import keras_backend

BACKEND_PACKAGES = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}
"""Each backend and the packages that bring it; one is enough."""
_CGROUP_LIMITS = (  # what a container may use, by version of Linux's control groups
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def versions() -> dict[str, str]:
    """Versions that decide how a training goes; Keras must be imported already.

    Returns
    -------
    dict of str to str
        ``python``, ``keras``, ``backend`` with its version, ``numpy`` and ``tlhelpers``.
    """
    from tlhelpers.core.quiet import keras

    name = keras.backend.backend()
    return {
        "python": platform.python_version(),
        "keras": keras.version(),
        "backend": f"{name} {installed_version(*BACKEND_PACKAGES.get(name, (name,)))}",
        "numpy": installed_version("numpy"),
        "tlhelpers": installed_version("tlhelpers"),
    }


def installed() -> dict[str, str]:
    """What must be the same on two machines that share an experiment; Keras is not imported."""
    package = Path(__file__).parents[1]
    code = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        code.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    name = keras_backend()
    return {
        # The version alone would not tell one commit from the next.
        "tlhelpers": f"{installed_version('tlhelpers')}, code {code.hexdigest()[:8]}",
        "keras": installed_version("keras"),
        "backend": f"{name} {installed_version(*BACKEND_PACKAGES.get(name, (name,)))}",
    }


def device() -> str:
    """The GPU that Keras trains on, or the CPU and its cores.

    A GPU is known only once this process has imported Keras's backend.
    """
    return gpu() or f"{_cpu()}, {cores()} cores"


def cores() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux only
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpu() -> str | None:
    """Name of the first GPU that the imported backend sees, or None."""
    if "tensorflow" in sys.modules:
        tf = sys.modules["tensorflow"]
        found = tf.config.list_physical_devices("GPU")
        return tf.config.experimental.get_device_details(found[0])["device_name"] if found else None
    if "jax" in sys.modules:
        found = [d for d in sys.modules["jax"].devices() if d.platform == "gpu"]
        return found[0].device_kind if found else None
    if "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
        return sys.modules["torch"].cuda.get_device_name(0)
    return None


def gpus() -> list[str]:
    """The GPUs this process may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for part in named.split(",") if (name := part.strip()) not in ("", "-1")]
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):  # no NVIDIA driver, or no GPU
        return []
    return done.stdout.split()


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if sys.platform == "linux" and info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    if sys.platform == "darwin":  # there `platform` says "arm" and no more
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        except (OSError, subprocess.SubprocessError):
            return platform.machine()
        return done.stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()


def installed_version(*names: str) -> str:
    """Version of the first of these packages that is installed, or "not installed"."""
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "not installed"


def memory_gb() -> float | None:
    """Main memory that this process may use: the machine's, or its container's if that is less.

    Returns
    -------
    float or None
        In 10^9 bytes; None where the system does not say.
    """
    if sys.platform == "win32":
        return _windows_memory_gb()
    try:
        most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    for file in _CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # not there, or "max"
            most = min(most, int(file.read_text(encoding="ascii")))
    return most / 1e9


def _windows_memory_gb() -> float | None:
    """Main memory as GlobalMemoryStatusEx of <sysinfoapi.h> gives it."""
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            ("total", ctypes.c_uint64),
            ("others", ctypes.c_uint64 * 6),  # free memory, page file, address space
        ]

    status = Status(length=ctypes.sizeof(Status))
    windows = getattr(ctypes, "windll", None)
    if windows is None or not windows.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return status.total / 1e9
