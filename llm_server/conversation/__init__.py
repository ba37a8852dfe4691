"""What is done to a conversation before a model is asked to go on with it.

Functions from messages to messages. None changes what it is given: a fallback gets the same.
"""
