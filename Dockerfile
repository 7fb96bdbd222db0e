# One image for the Prefect server, the MLflow server and the workers: the locked packages and this code.
ARG PYTHON_IMAGE=python:3.12.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /build
COPY compose/runtime_lock.py requirements.lock workflow/pyproject.toml ./
# The secret is for networks whose certificates the base image does not know; without it nothing changes.
RUN --mount=type=secret,id=certificates --mount=type=cache,target=/var/cache/pip \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi && \
    python3 runtime_lock.py > runtime.lock && \
    python3 -m venv /opt/venv && \
    /opt/venv/bin/pip install --cache-dir /var/cache/pip --disable-pip-version-check --only-binary=:all: --no-compile --no-deps --require-hashes -r runtime.lock && \
    /opt/venv/bin/pip check && \
    /opt/venv/bin/python -m compileall -q -j 0 /opt/venv

FROM ${PYTHON_IMAGE}
# Volumes take over the owner of the folders that they are mounted on.
RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin app && \
    install --directory --owner app --group app /data /data/inbox /artifacts
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
# Nothing is kept at home: /tmp is the only place that may be written besides the volumes.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    EIGHTYTWENTY_DATA=/data
RUN pip install --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable . --editable workflow && \
    python -m compileall -q -j 0 /app
USER app
CMD ["eightytwenty", "--help"]
