"""Simli's REST API. It is two services, which differ in how they refuse: see `errors`."""
