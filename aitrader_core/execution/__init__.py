"""Orders that live for a while: their states, their audit trail, and the kill switch."""
