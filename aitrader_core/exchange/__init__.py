"""Files that other systems and other machines read: AI-Trader's own, and run manifests."""
