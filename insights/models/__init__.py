from insights.models.recommendations import Decision, ReorderRecommendation
from insights.models.runs import AnalysisRun, AnalysisRunChunk

__all__ = ["AnalysisRun", "AnalysisRunChunk", "Decision", "ReorderRecommendation"]
