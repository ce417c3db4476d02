from insights.models.decisions import Decision, DecisionLimit, DecisionReason, DecisionValue
from insights.models.demand import CustomerScore, CustomerSegment, DemandAnalysis, PriceElasticity
from insights.models.moves import ExcessRecommendation, TransferRecommendation
from insights.models.recommendations import ReorderRecommendation
from insights.models.runs import AnalysisRun, AnalysisRunChunk
from insights.models.service_targets import ServiceTarget

__all__ = [
    "AnalysisRun",
    "AnalysisRunChunk",
    "CustomerScore",
    "CustomerSegment",
    "Decision",
    "DecisionLimit",
    "DecisionReason",
    "DecisionValue",
    "DemandAnalysis",
    "ExcessRecommendation",
    "PriceElasticity",
    "ReorderRecommendation",
    "ServiceTarget",
    "TransferRecommendation",
]
