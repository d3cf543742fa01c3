"""A machine of the tests' own, on which systemd runs: what is written there is gone with it.

Its disk is this machine's seen through an overlay whose other half is in memory; processes, network, mounts and control
groups are its own. systemd is let loose only when the one who made the machine has seen that nothing written inside
appears outside: its first act would be to empty /tmp.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

SYSTEMD = Path("/usr/lib/systemd/systemd")
OPT = "/opt/aggregator"
_TOOLS = ("unshare", "nsenter", "mount", "pivot_root", "ip", "ss", "systemctl", "systemd-analyze", "systemd-sysusers")
_BOOT_S = 60
_BUILD = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$PLACE"
cd "$PLACE"
mkdir upper work root groups outer
mount -t overlay overlay -o "lowerdir=/,upperdir=$PLACE/upper,workdir=$PLACE/work" root
mount -t tmpfs -o mode=755 tmpfs root/run
mount -t tmpfs -o mode=1777 tmpfs root/tmp
mount -t tmpfs -o mode=755 tmpfs root/dev
for each in null zero full random urandom tty; do
  touch "root/dev/$each"
  mount --bind "/dev/$each" "root/dev/$each"
done
mkdir root/dev/shm root/dev/pts root/dev/mqueue root/dev/hugepages
mount -t devpts -o newinstance,ptmxmode=0666 devpts root/dev/pts
ln -s pts/ptmx root/dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs root/dev/shm
ln -s /proc/self/fd root/dev/fd
mount -t sysfs -o ro sysfs root/sys
# No units of the distribution's: what they would set up or clean is this machine's.
rm -rf root/etc/systemd/system root/etc/fstab root/etc/init.d
mkdir -p root/etc/systemd/system root/var/log root/run/postgresql
for wants in sysinit sockets timers local-fs; do
  for unit in root/usr/lib/systemd/system/$wants.target.wants/*; do
    [ -e "$unit" ] || [ -L "$unit" ] || continue
    case "$unit" in */systemd-journald.s*|*/systemd-journald-dev-log.socket) continue;; esac
    ln -sf /dev/null "root/etc/systemd/system/${unit##*/}"
  done
done
head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' > root/etc/machine-id
mount --bind "$DATABASES" root/run/postgresql
rm -rf root/opt/aggregator root/var/lib/aggregator root/etc/aggregator
for each in "source $SOURCE" "packages $PACKAGES" "python $PYTHON"; do
  mkdir -p "root/opt/aggregator/${each%% *}"
  mount --bind "${each#* }" "root/opt/aggregator/${each%% *}"
  mount -o remount,bind,ro "root/opt/aggregator/${each%% *}"
done
ip link set lo up
mount -t cgroup2 cgroup2 groups
mkdir "groups/$NAME"
echo $$ > "groups/$NAME/cgroup.procs"
umount groups
exec unshare --pid --fork --kill-child --cgroup bash -c "$ENTER"
"""
_ENTER = r"""
set -eu
cd "$PLACE/root"
mount -t proc proc proc
mount --bind -o ro proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir .outer
pivot_root . .outer
umount -l /.outer
rmdir /.outer
for each in /tmp /var /var/tmp /etc /run; do touch "$each/$NAME"; done
echo entered
read -r go
[ "$go" = "$NAME" ]
for each in /tmp /var /var/tmp /etc /run; do rm -f "$each/$NAME"; done
export container=unshare
exec /usr/lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=no
"""


def lacks() -> str:
    """Return why there can be no such machine here; empty: there can."""
    if os.geteuid() != 0:
        return "only root can make a machine"
    if not SYSTEMD.exists():
        return "there is no systemd here"
    if missing := [name for name in _TOOLS if shutil.which(name, path=_PATH) is None]:
        return f"{', '.join(missing)} is missing"
    command = ["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--cgroup", "true"]
    tried = subprocess.run(command, capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"namespaces are refused: {tried.stderr.decode().strip()}"


class Machine:
    """A machine that runs until ``end``.

    Args:
        place: An empty folder.
        databases: The folder of a PostgreSQL server's socket: it is /run/postgresql there.
        source: The program; it is in ``/opt/aggregator/.venv`` there, with what this Python has installed.
    """

    def __init__(self, place: Path, databases: Path, source: Path) -> None:
        self._place = place
        self._name = f"aggregator-test-{os.getpid()}"
        packages = next(Path(each) for each in sys.path if each.endswith("site-packages"))
        said = {"PLACE": place, "NAME": self._name, "ENTER": _ENTER, "PATH": _PATH, "LC_ALL": "C.UTF-8"}
        said |= {"DATABASES": databases, "SOURCE": source, "PACKAGES": packages, "PYTHON": sys.base_prefix}
        command = ["unshare", "--mount", "--net", "--ipc", "--uts", "bash", "-c", _BUILD]
        self._process = subprocess.Popen(
            command, env={key: str(value) for key, value in said.items()},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
        )  # fmt: skip
        try:
            self._boot()
        except BaseException:
            self.end()
            raise

    def _boot(self) -> None:
        assert self._process.stdin and self._process.stdout
        line = self._process.stdout.readline()
        if line != "entered\n":
            self._process.stdin.close()
            raise RuntimeError(line + self._process.stdout.read())
        seen = [each for each in ("/tmp", "/var", "/var/tmp", "/etc", "/run") if Path(each, self._name).exists()]
        if seen:
            raise RuntimeError(f"what is written there is written here: {seen}. Nothing was started.")
        self._process.stdin.write(f"{self._name}\n")
        self._process.stdin.flush()
        until(_BOOT_S, lambda: self.run("systemctl", "is-system-running", check=False) in ("running", "degraded"))

    @property
    def _first(self) -> int:
        """The process that is number 1 there."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(children.read_text().split()[0])

    def inside(self, *command: str) -> list[str]:
        """Return what runs a command there."""
        return ["nsenter", "--target", str(self._first), *"--mount --net --ipc --uts --pid --cgroup".split(), *command]

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command there; return what it said."""
        done = subprocess.run(
            self.inside(*command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, timeout=300, env={"PATH": _PATH, "LC_ALL": "C.UTF-8"}, cwd="/",
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout.strip()

    def write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file there."""
        script = f'mkdir -p "$(dirname {path})" && cat > {path} && chmod {mode:o} {path}'
        subprocess.run(self.inside("sh", "-c", script), input=text, text=True, check=True, env={"PATH": _PATH})

    def install(self, files: Mapping[str, Path]) -> None:
        """Copy files there as they are, and put the program where units look for it."""
        for path, file in files.items():
            self.write(path, file.read_text())
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.run(f"{OPT}/python/bin/{version}", "-m", "venv", "--without-pip", f"{OPT}/.venv")
        self.write(f"{OPT}/.venv/lib/{version}/site-packages/program.pth", f"{OPT}/source\n{OPT}/packages\n")
        for name, called in (("aggregator", "aggregator.cli"), ("dask", "dask.__main__")):
            said = f"#!{OPT}/.venv/bin/python\nimport sys\nfrom {called} import main\n"
            said += "if __name__ == '__main__':\n    sys.exit(main())\n"
            self.write(f"{OPT}/.venv/bin/{name}", said, mode=0o755)
        self.write("/etc/ld.so.conf.d/00-python.conf", f"{OPT}/python/lib\n")  # where it was is hidden from units
        self.run("ldconfig")
        self.run("systemd-sysusers")
        self.run("systemctl", "daemon-reload")

    def shown(self, unit: str) -> dict[str, str]:
        """Return what systemd knows of a unit."""
        return dict(line.partition("=")[::2] for line in self.run("systemctl", "show", unit).splitlines())

    def journal(self, unit: str) -> str:
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")

    def end(self) -> None:
        """End all that runs there; nothing of it stays."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()
        script = 'mount -t cgroup2 cgroup2 "$1" && find "$1/$2" -depth -type d -exec rmdir {} +'
        clean = ["unshare", "--mount", "sh", "-c", script, "sh", str(self._place), self._name]
        until(30, lambda: subprocess.run(clean, capture_output=True, check=False).returncode == 0)


def until(most_s: float, is_so: Callable[[], object]) -> None:
    """Wait until something is so; fail where it takes longer."""
    deadline = time.monotonic() + most_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {most_s:g} s: {is_so}")
        time.sleep(0.1)


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
