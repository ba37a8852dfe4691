"""Ways of answering. A backend turns a request into events."""
