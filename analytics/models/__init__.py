from analytics.models.performance import ProductPerformance

__all__ = ["ProductPerformance"]
