# One image for the Prefect server, the MLflow server and the workers: the locked packages and this code.
ARG PYTHON_IMAGE=python:3.12.13-slim-bookworm@sha256:8a7e7cc04fd3e2bd787f7f24e22d5d119aa590d429b50c95dfe12b3abe52f48b

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /build
COPY --chmod=644 compose/runtime_lock.py requirements.lock workflow/pyproject.toml ./
# The secret is for networks whose certificates the base image does not know; without it nothing changes.
RUN --mount=type=secret,id=certificates --mount=type=cache,target=/var/cache/pip \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi && \
    python3 runtime_lock.py > runtime.lock && \
    python3 -m venv /opt/venv && \
    /opt/venv/bin/pip install --cache-dir /var/cache/pip --disable-pip-version-check --only-binary=:all: --no-compile --no-deps --require-hashes -r runtime.lock && \
    /opt/venv/bin/pip check && \
    /opt/venv/bin/python -m compileall -q -j 0 /opt/venv
# Prefect's second UI asks an analytics host. Without the folder Prefect neither serves nor offers it.
RUN rm -r /opt/venv/lib/python3.*/site-packages/prefect/server/ui-v2

FROM ${PYTHON_IMAGE}
ARG PYTHON_IMAGE
LABEL org.opencontainers.image.title="eightytwenty" \
      org.opencontainers.image.description="An ML workflow in which data cleaning is the main character." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
# Volumes take over the owner of the folders that they are mounted on.
RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin app && \
    install --directory --owner app --group app /data /data/inbox /artifacts /certificates
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
# The modes do not depend on the umask under which the project was cloned.
COPY --chmod=755 . .
# Nothing is kept at home: /tmp is the only place that may be written besides the volumes.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    EIGHTYTWENTY_DATA=/data
RUN pip install --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable . --editable workflow && \
    python -m compileall -q -j 0 /app
USER app
ENTRYPOINT ["/app/compose/with_secrets.sh"]
CMD ["eightytwenty", "--help"]
