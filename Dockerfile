# The first stage builds; the second holds the interpreter, the locked packages and our wheel only.
FROM python:3.12-slim AS build
# Another index than pip's own: docker build --build-arg PIP_INDEX_URL=...
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements ./requirements
RUN python -m venv /venv
RUN /venv/bin/python -m pip install --require-hashes --only-binary :all: -r requirements/run.lock
RUN python -m pip install --require-hashes --only-binary :all: -r requirements/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY connectors ./connectors
COPY segmenter ./segmenter
COPY sync ./sync
COPY config ./config
RUN python -m hatchling build --target wheel --directory /dist
RUN /venv/bin/python -m pip install --no-deps --no-index /dist/*.whl

FROM python:3.12-slim
COPY --from=build /venv /venv
# Safe path: what lies in the working folder is never imported in place of ours.
ENV PATH=/venv/bin:$PATH PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1 TIDESMAN_CONFIG=/data/tidesman.yaml
RUN useradd --system --uid 10001 --home-dir /data tidesman && install -d -o tidesman /data /data/data /data/out
USER tidesman
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=1m --timeout=20s --start-period=1m CMD ["tidesman", "status", "--healthy"]
ENTRYPOINT ["tidesman"]
CMD ["daemon"]
