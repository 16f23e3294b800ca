"""What becomes of a landed batch: its form, what is in force, the gate, rows that moved."""
