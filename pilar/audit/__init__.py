"""Whether everything is still what the ledger says it is."""
