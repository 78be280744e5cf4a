"""How far a decision can be believed, and when to abstain."""
