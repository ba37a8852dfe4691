"""One whole conversation with an avatar, on this machine, from nothing."""
