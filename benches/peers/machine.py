"""Processes of this run, what they use, and what the machine has. Ends what it started, by its own id, and nothing else."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
END_SECONDS = 60


def usage(pid):
    """Processor seconds and bytes written by a process so far."""
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    written = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return {"cpu": (int(stat[11]) + int(stat[12])) / TICKS, "written": int(written["write_bytes"])}


def peak_memory(pid):
    """Most bytes that a process has had in memory so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def need_disk(folder, gigabytes):
    """Ends the run where the disk has less room than it takes."""
    free = shutil.disk_usage(folder).free / 1e9
    print(f"needs {gigabytes} GB of disk in {folder}; {free:.0f} GB are free")
    if free < gigabytes:
        raise SystemExit("too little room: name another folder by --dir")


class Process:
    """A program that runs beside this one; its standard error goes to a log, its standard output too unless it is read."""

    def __init__(self, command, log, read=False, env=None, **more):
        with open(log, "ab") as out:
            self.child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE if read else subprocess.DEVNULL,
                stdout=subprocess.PIPE if read else out,
                stderr=out,
                env={**os.environ, **(env or {})},
                text=True,
                **more,
            )
        self.log = log
        self.rusage = None

    @property
    def pid(self):
        return self.child.pid

    def lines(self):
        """Lines of its output with the instants at which they came; an error if it ends by itself."""
        for line in self.child.stdout:
            yield time.monotonic(), line.split()
        raise RuntimeError(f"{self.child.args[0]} has ended: {self.tail()}")

    def tell(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def tail(self):
        return "\n".join(Path(self.log).read_text(errors="replace").splitlines()[-15:])

    @property
    def written(self):
        """Bytes that it and its children wrote in all; known once it has ended."""
        return self.rusage.ru_oublock * 512

    def end(self, how=signal.SIGTERM):
        """Ends it, by a signal or by the end of its input, and keeps what it and its children used."""
        if self.rusage is None:
            if how:
                self.child.send_signal(how)
            else:
                self.child.stdin.close()
            waited = time.monotonic()
            while self.rusage is None:
                pid, status, rusage = os.wait4(self.pid, os.WNOHANG)
                if pid:
                    self.rusage, self.child.returncode = rusage, status
                elif time.monotonic() - waited > END_SECONDS:
                    self.child.kill()
                else:
                    time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def run(command, **more):
    """The output of a program that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
