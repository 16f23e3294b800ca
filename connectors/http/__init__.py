"""The one HTTP client of Pilar: deadlines, limits, checked addresses, and no secret in any text."""
