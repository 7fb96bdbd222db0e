"""The parameters of each flow, for the command line, the Prefect form and the flow itself.

They are flat, typed, bounded and without unions, because that is what a form can show.
"""

from schemas.parameters.base import Parameters, PrintsResults, with_json
from schemas.parameters.clean import CleanInboxParameters, CleanParameters
from schemas.parameters.operate import DeployParameters, StatusParameters, UpParameters
from schemas.parameters.registered import DrawParameters, FacesParameters, PredictParameters, RollbackParameters
from schemas.parameters.retrain import RetrainAddersParameters, RetrainAvatarsParameters, RetrainParameters
from schemas.parameters.training import DRAWN, GENERATED, SWEPT, AdderParameters, GanParameters, RunParameters

__all__ = [
    "DRAWN",
    "GENERATED",
    "SWEPT",
    "AdderParameters",
    "CleanInboxParameters",
    "CleanParameters",
    "DeployParameters",
    "DrawParameters",
    "FacesParameters",
    "GanParameters",
    "Parameters",
    "PredictParameters",
    "PrintsResults",
    "RetrainAddersParameters",
    "RetrainAvatarsParameters",
    "RetrainParameters",
    "RollbackParameters",
    "RunParameters",
    "StatusParameters",
    "UpParameters",
    "with_json",
]
