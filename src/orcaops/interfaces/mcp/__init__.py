"""MCP: what an AI agent sees. One file per service: read arguments, ask, show the answer."""
