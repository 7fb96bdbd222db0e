"""`make bench`: runs the benchmarks of cleaning and of training; `make bench ARGS=--quick`: all, in a tiny version.

Run one alone with `python -m benchmarks.NAME`. adder_theory prints the numbers of docs/adders.md, drift those of
docs/retraining.md; gan_modes, gan_time and gan_parts print those of docs/gans.md, in an hour or more.
"""

import subprocess
import sys

from benchmarks.harness import command_line

MINUTES = ("clean_pairs", "clean_pictures", "adders", "gan_speed")
REST = (
    "clean_many",
    "read_many_files",
    "tables",
    "calibrate",
    "judge",
    "ablation",
    "light_install",
    "adder_theory",
    "drift",
    "gan_modes",
    "gan_parts",
    "gan_time",
    "tracking",
)

quick = command_line(__doc__).parse_args().quick
for name in (*MINUTES, *REST) if quick else MINUTES:
    print(flush=True)
    # in a process of its own, as when it is run alone
    command = [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] if quick else [])]
    if subprocess.run(command).returncode:
        sys.exit(f"benchmarks.{name} failed")
