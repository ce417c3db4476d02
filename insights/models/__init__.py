from insights.models.decisions import Decision, DecisionLimit, DecisionReason, DecisionValue
from insights.models.moves import ExcessRecommendation, TransferRecommendation
from insights.models.recommendations import ReorderRecommendation
from insights.models.runs import AnalysisRun, AnalysisRunChunk
from insights.models.service_targets import ServiceTarget

__all__ = [
    "AnalysisRun",
    "AnalysisRunChunk",
    "Decision",
    "DecisionLimit",
    "DecisionReason",
    "DecisionValue",
    "ExcessRecommendation",
    "ReorderRecommendation",
    "ServiceTarget",
    "TransferRecommendation",
]
