"""REST: the services over HTTP, one file per service. FastAPI is imported here and nowhere else."""
