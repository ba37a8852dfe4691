"""Why is the avatar silent? Looks at a custom LLM's URL as Simli does, then at this installation.

    target        where Simli would call, and with which key
    questions     what is asked of the URL
    visit         asks, each question once
    exchange      one request and all that was seen of its answer
    checks        the order of the checks, and what each needs
    reach, ...    the checks themselves, by what they look at
    installation  configuration, models, Simli, database, clock
    report        findings for people and for programs

A check is a function that gives a Finding. Nothing is started, stored or changed.
"""
