from insights.admin import decisions as decisions
from insights.admin import recommendations as recommendations
from insights.admin import runs as runs
