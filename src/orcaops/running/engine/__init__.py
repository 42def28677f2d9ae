"""The one room that speaks to a container engine, over docker-py's low-level client.

Any engine that speaks the Docker API will do (Docker, Podman); ``DOCKER_HOST`` and its relatives are
honoured.
"""
