"""What a spoken answer needs. For avatars; plain API callers get what the model said."""
