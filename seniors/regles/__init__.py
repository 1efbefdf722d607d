"""Rules about who may be registered and aided: pure functions, no clock, no database."""
