"""Keep agents as somewhere else says, in two steps: a plan that can be read, then its doing."""
