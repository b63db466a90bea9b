"""What `import tapeless` costs, beside `import numpy`: fresh processes in turn, the median of each.

    python benchmarks/import_time.py [--repeat 15]

The promise is a ratio of at most 1.3. `first gradient` is a process that imports, compiles and calls one.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "python": "",
    "import numpy": "import numpy",
    "import tapeless": "import tapeless",
    "first gradient": "import tapeless as tl; tl.grad(tl.from_source('lambda x: x * x'))(3.0)",
}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--repeat", type=int, default=15)
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(options.parse_args().repeat):
        for name, code in PROGRAMS.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times[name].append(time.perf_counter() - begin)
    medians = {name: statistics.median(t) for name, t in times.items()}
    for name, seconds in medians.items():
        print(f"{name:16} {seconds * 1e3:7.1f} ms")
    print(f"{'ratio':16} {medians['import tapeless'] / medians['import numpy']:7.2f}  (tapeless to numpy)")


if __name__ == "__main__":
    main()
