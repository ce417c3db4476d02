from insights.admin import deciding_rules as deciding_rules
from insights.admin import decision_worth as decision_worth
from insights.admin import decisions as decisions
from insights.admin import excess_proposals as excess_proposals
from insights.admin import recommendations as recommendations
from insights.admin import runs as runs
from insights.admin import service_targets as service_targets
from insights.admin import transfer_proposals as transfer_proposals
