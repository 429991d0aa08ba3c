"""What is measured: sizes, folders, programs. Results lie in one file a step, so that a broken run goes on where it was."""

import json
import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

START = datetime(2026, 3, 1, tzinfo=timezone.utc)
DAYS = 92
END = START + timedelta(days=DAYS)
# Sums of 30 and 90 days are as of the last microsecond of the span.
AS_OF = (END - timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
LAST_DAY = (END - datetime(1970, 1, 1, tzinfo=timezone.utc)).days - 1
END_MICROS = int(END.timestamp()) * 1_000_000


@dataclass(frozen=True)
class Plan:
    """One run."""

    name: str
    customers: int
    touchpoints: int
    gigabytes: int
    folder: Path
    root: Path = Path(__file__).resolve().parents[2]
    programs: Path = Path(os.environ["PEERS_PROGRAMS"])
    streams: Path = Path(os.environ["PEERS_KAFKA_STREAMS"])

    @property
    def data(self):
        return self.folder / "data"

    @property
    def patron(self):
        return self.programs / "patron"

    @property
    def probe(self):
        return self.programs / "peer_probe"

    def path(self, *names):
        """A path among the data, its folder made."""
        path = self.data.joinpath(*names)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def result(self, step):
        """What a step came to, or nothing if it has not been done."""
        file = self.folder / "results" / f"{step}.json"
        return json.loads(file.read_text()) if file.exists() else None

    def step(self, name, do):
        """Does a step, unless it was done, and keeps what it came to."""
        found = self.result(name)
        if found is None:
            print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
            began = time.monotonic()
            found = {**do(), "step_seconds": round(time.monotonic() - began, 1)}
            file = self.folder / "results" / f"{name}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_suffix(".new")
            new.write_text(json.dumps(found, indent=1) + "\n")
            new.rename(file)
            print(f"         {json.dumps(found)}", flush=True)
        return found
