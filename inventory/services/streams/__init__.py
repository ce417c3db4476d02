"""Reading streams on servers: leases on shards, checkpoints, and the consumer that uses both."""
