"""What crosses packages and is offered by more than one channel: one file a use case."""
