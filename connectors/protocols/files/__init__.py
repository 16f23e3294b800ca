"""Files that agencies put somewhere: the transports that fetch them and the formats that are read."""
