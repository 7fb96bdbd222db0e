"""The adders: what each stage of their experiment is, from the form."""

from collections.abc import Sequence
from functools import partial

from schemas.parameters import GENERATED, AdderParameters, RetrainAddersParameters
from tasks.adders import challenger, data
from tasks.adders.cleaning import CleanPairs
from tasks.adders.grid import Grid
from tasks.adders.register import NAME
from tasks.adders.train import train
from tasks.decision import Decision, Scores, at_least, compare, decide
from tasks.experiment import Data, Experiment, Ingest
from tasks.retrain.inbox import start_with


def experiment(form: AdderParameters | RetrainAddersParameters) -> Experiment:
    """The experiment that a form describes."""
    return _training(form) if isinstance(form, AdderParameters) else _retraining(form)


def decide_adder(challenger: Scores, champion: Scores | None, *, least_accuracy: float, margin: float) -> Decision:
    """Judges an adder by its accuracy, the share of held-out pairs whose rounded sum is right.

    It must reach `least_accuracy`, and be more accurate than the champion by at least `margin`.
    """
    threshold = at_least("accuracy", challenger["accuracy"], least_accuracy)
    gain = None if champion is None else challenger["accuracy"] - champion["accuracy"]
    return decide([threshold], gain, margin, compare("accuracy", challenger, champion))


def _training(form: AdderParameters) -> Experiment:
    is_own, sizes = form.source != GENERATED, tuple(sorted(form.largest_sums))
    tables = sizes[-1:] if is_own else sizes
    shared = form.model_dump(include={"seeds", "seed", "rows", "epochs", "patience"})
    widths = tuple(sorted(form.hidden_units))
    grids = [Grid(protocol, sizes, widths, order=form.seed, **shared) for protocol in form.protocols]
    logged = form.model_dump(include={"rows", "dirt", "epochs", "patience"})

    def ingest(size: int) -> Ingest:
        if is_own:
            return partial(data.own, source=form.source, largest_sum=size)
        return partial(data.generated, rows=form.rows, largest_sum=size, dirt=form.dirt, seed=form.seed)

    return Experiment(
        model=NAME,
        title=_title(form, grids[0].hidden_units, sizes),
        data=tuple(_data(ingest(size), size, not is_own, form.most_quarantine) for size in tables),
        train=partial(train, grids=grids, tables=tables, is_own=is_own, logged=logged, cluster=form.cluster),
        score=challenger.score_adder,
        decide=partial(decide_adder, least_accuracy=0, margin=0),
    )


def _title(form: AdderParameters, hidden_units: Sequence[int], sizes: Sequence[int]) -> str:
    widths, sums = "/".join(map(str, hidden_units)), "/".join(f"{size:,}" for size in sizes)
    nodes = "node" if widths == "1" else "nodes"
    protocol = "both protocols" if form.protocol == "both" else form.protocol
    return f"{widths} {nodes}, sums to {sums}, seed {form.seed} x{form.seeds}, {protocol}"


def _retraining(form: RetrainAddersParameters) -> Experiment:
    drawn = form.model_dump(include={"rows", "largest_sum", "seed"})
    start = partial(data.start, **drawn) if form.start == GENERATED else start_with(form.start)
    config = form.model_dump(include={"largest_sum", "hidden_units", "seeds", "seed"})
    return Experiment(
        model=form.model,
        title=form.model,
        data=(_data(start, form.largest_sum, False, form.most_quarantine),),
        train=partial(challenger.train, **config),
        score=challenger.score_adder,
        decide=partial(decide_adder, **form.model_dump(include={"least_accuracy", "margin"})),
    )


def _data(ingest: Ingest | None, size: int, generated: bool, most_quarantine: float) -> Data:
    check = partial(data.expectations, largest_sum=size, generated=generated, most_quarantine=most_quarantine)
    return Data(ingest, CleanPairs(size), check)
