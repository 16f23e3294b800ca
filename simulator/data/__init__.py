"""What the simulated systems hold: seeded, byte for byte the same at each start, calibrated to published totals."""
