# The streaming server and the admin API in one image; a role is an argument:
#   docker run … simli-llm-server serve --host 0.0.0.0 --role llm
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/simli-llm
ENV PATH="/opt/simli-llm/bin:$PATH" PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY llm_server llm_server
COPY agents_admin agents_admin
COPY migrations migrations
# The build tool is among the hashed requirements, so nothing unpinned is fetched here.
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
# The upstream's certificates are checked against the system's.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home simli \
    && install --directory --owner simli /data
COPY --from=build /opt/simli-llm /opt/simli-llm
ENV PATH="/opt/simli-llm/bin:$PATH" PYTHONUNBUFFERED=1
USER simli
# The configuration (simli-llm.yaml) and the SQLite database are looked for here.
WORKDIR /data
VOLUME /data
EXPOSE 8080
# Exec form: a shell would keep the signal to itself, and cut running streams.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["simli-llm"]
CMD ["serve", "--host", "0.0.0.0"]
