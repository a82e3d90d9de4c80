"""The pure core: what can happen to a job, and what happens next."""
