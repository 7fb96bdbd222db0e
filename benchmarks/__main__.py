"""`make bench`: runs the benchmarks of cleaning and of training.

Run one alone with `python -m benchmarks.NAME`; adder_theory prints the numbers of docs/adders.md.
"""

from benchmarks import adders, clean_pairs, clean_pictures

for benchmark in (clean_pairs, clean_pictures, adders):
    print(
        f"\n== {benchmark.__name__.removeprefix('benchmarks.')}: {(benchmark.__doc__ or '').splitlines()[0]}",
        flush=True,
    )
    benchmark.main()
