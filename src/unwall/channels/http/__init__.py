"""What every channel shares: who asks, cookies, limits, errors, flash messages, rendering, and common routes."""
