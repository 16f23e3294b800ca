"""From pages as bytes to landed Parquet: parse, cast, split, pseudonymise, write. Clear bytes stay in memory."""
