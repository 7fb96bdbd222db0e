"""`make bench`: runs every benchmark of which the README or the docs quote a number.

Run one alone with `python -m benchmarks.NAME`.
"""

from benchmarks import adders, clean_pairs

for benchmark in (clean_pairs, adders):
    print(
        f"\n== {benchmark.__name__.removeprefix('benchmarks.')}: {(benchmark.__doc__ or '').splitlines()[0]}",
        flush=True,
    )
    benchmark.main()
