"""Agents of others, which play their sessions over the Model Context Protocol."""
