"""`make bench`: runs the benchmarks of cleaning and of training.

Run one alone with `python -m benchmarks.NAME`. adder_theory prints the numbers of docs/adders.md, drift those of
docs/retraining.md; gan_modes, gan_time and gan_parts print those of docs/gans.md, in an hour and more.
"""

from benchmarks import adders, clean_pairs, clean_pictures, gan_speed

for benchmark in (clean_pairs, clean_pictures, adders, gan_speed):
    print(
        f"\n== {benchmark.__name__.removeprefix('benchmarks.')}: {(benchmark.__doc__ or '').splitlines()[0]}",
        flush=True,
    )
    benchmark.main()
