"""The other edge: functions that queues and timers start."""
