"""This server's mock against a mock of a few lines: `python -m tests.benchmarks.mock`.

Five words, 16 at once, no upstream. `sample` answers as the mock in Simli's documentation of custom
LLMs does: it checks no key, and counts nothing.
"""

from collections.abc import Iterator

from tests.benchmarks.measuring import Figures, Load, compile_programs, put_load
from tests.benchmarks.relays import Relay, Site, asgi_app, this_server
from tests.benchmarks.rounds import arguments, ratio, say, take_turns

LOAD = Load("M16", connections=16, tokens=5)
SHOWN = ("streams/s", "cpu µs/stream", "failures")


def main() -> None:
    options = arguments(__doc__, seconds=5).parse_args()
    site = Site.make()
    compile_programs(site.work)

    def measure(relay: Relay, pid: int | None) -> Iterator[tuple[str, Figures]]:
        figures = put_load(site, relay, LOAD, options.seconds, pid)
        yield LOAD.name, {name: figures[name] for name in SHOWN}

    results = take_turns(site, [_ours(site), _sample(site)], options.rounds, measure)
    ours, sample = (results.values(name, LOAD.name, "streams/s") for name in ("ours", "sample"))
    say(f"ours / sample: streams/s {ratio(ours, sample)}")


def _ours(site: Site) -> Relay:
    backend = {"backend": "mock", "options": {"reply": "This is what Maya says."}}
    return this_server(site, {LOAD.model: backend})


def _sample(site: Site) -> Relay:
    return asgi_app(
        site,
        "sample",
        """
        import json
        import time

        from fastapi import FastAPI, Request
        from fastapi.responses import StreamingResponse

        app = FastAPI()

        @app.post("/chat/completions")
        async def create(request: Request):
            model = (await request.json())["model"]

            async def chunks():
                for number in range(5):
                    choice = {"index": number, "delta": {"content": "This is what Maya says. "}}
                    chunk = {
                        "id": f"id-{number}",
                        "object": "chat.completion.chunk",
                        "created": time.time(),
                        "model": model,
                        "choices": [choice],
                    }
                    yield f"data: {json.dumps(chunk)}\\n\\n"
                yield "data: [DONE]\\n\\n"

            return StreamingResponse(chunks(), media_type="text/event-stream")
        """,
        path="/chat/completions",
    )


if __name__ == "__main__":
    main()
