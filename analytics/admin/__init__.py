from analytics.admin import performance as performance
