"""In which order results arrive, by four of Pool's methods."""
