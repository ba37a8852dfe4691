"""How many requests more than one for each turn there may be."""


class Budget:
    """A share of the turns, and a few to begin with.

    When everything fails, extra requests would otherwise double the load of who is down already.
    """

    def __init__(self, share: float, most: float = 10) -> None:
        self._share = share
        self._most = most
        self._left = most

    def earn(self) -> None:
        """Call this once for each turn."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Take one, if there is one."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
