"""Language models behind any OpenAI-compatible endpoint, trading by calling tools."""
