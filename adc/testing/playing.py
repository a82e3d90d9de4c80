"""Playing: a handler run with the answers that a test gives to its steps, and no queue, thread or event loop of adc's."""
