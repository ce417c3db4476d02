"""Stock events as they come in: the contract, the envelopes around it, and what each event does to a shelf."""
