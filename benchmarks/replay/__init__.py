"""One stream of ticks, replayed by our pattern sessions, nautilus_trader and hftbacktest."""
