"""Running, without IO: the runner's loop as a generator that yields its wishes and is sent the answers."""
