"""What must be true before a pillar is promoted or a score is published: Great Expectations gates on DuckDB.

One module per gate lists its rules as data; ``gate.run_gate`` runs them and answers pass, fail or error.
"""
