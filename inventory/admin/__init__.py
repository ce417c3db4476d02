from inventory.admin import alerts as alerts
from inventory.admin import catalogue as catalogue
from inventory.admin import ledger as ledger
from inventory.admin import machines as machines
from inventory.admin import people as people
from inventory.admin import places as places
from inventory.admin import schedules as schedules
from inventory.admin import stock as stock
