"""What the evaluation speaks of, as data: records, indicators, instruments, and what reads and proves their files."""
