"""A broker's account: its protocol, a mock of one over MCP, and the client that speaks to it."""
