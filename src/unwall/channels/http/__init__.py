"""What every channel shares: who asks, cookies, limits, errors, flash messages, rendering, and routes of no channel."""
