from analytics.admin import anomalies as anomalies
from analytics.admin import classes as classes
from analytics.admin import performance as performance
from analytics.admin import trends as trends
