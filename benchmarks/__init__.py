"""What the platform costs, as ratios to something that does the same without Pilar's work. See README.md."""
