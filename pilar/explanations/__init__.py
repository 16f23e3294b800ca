"""Why a score is what it is, what the next one takes, and what would follow. Pure: rows come in, results go out."""
