"""Stack traces of many languages, each put together from its lines."""
