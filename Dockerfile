# The sidecar's image; scripts/image builds it, for any architecture that the base has.
#
# The base is any image with `python` 3.11 or later and its module venv. By tag and not by digest:
# security fixes of the base come under the same tag, and a digest that nobody looks after would hold
# them back. What is released names the digest it was built on, in its labels and its provenance.
ARG PYTHON_IMAGE=python:3.13-slim

# Nothing here depends on an architecture, so it is made once, on the builder's own.
FROM --platform=$BUILDPLATFORM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN python -m venv venv
COPY constraints/runtime.txt ./
# Wheels that do depend on one are refused. The secrets are there for who needs a mirror or an
# authority of their own: `pip` is pip's configuration, `ca` the certificates that it trusts.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    venv/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir \
    --require-hashes --only-binary=:all: --platform=any --implementation=py --abi=none \
    --no-compile --target=/app --requirement=runtime.txt && rm -rf /app/bin
COPY bootstrap /app/bootstrap
# `explain` prints entries of it; the package has a link to where it is.
COPY docs/runbook.md /app/docs/runbook.md
# Bytecode of all that may be imported, the standard library too: the official images come without
# it, nothing can be written at run time, and compiling at every start costs 13 MiB that stay.
# Checked by hash, since times of files do not survive every builder. Modes come from the sources,
# and those from whoever checked them out.
ENV PYTHONPYCACHEPREFIX=/app/.pycache
RUN python -m compileall -q --invalidation-mode=checked-hash \
    -x '/(site-packages|dist-packages|ensurepip|idlelib|lib2to3|test|tests|tkinter|turtledemo)/' \
    /app "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && chmod -R a+rX,go-w /app

FROM ${PYTHON_IMAGE}
ARG PYTHON_IMAGE
LABEL org.opencontainers.image.title="bootstrap" \
      org.opencontainers.image.description="Forms a Redis or Valkey Cluster on a StatefulSet, and keeps it whole" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
COPY --from=build /app /app
# The folder that a process is started in is no place to import from.
ENV PYTHONPATH=/app \
    PYTHONPYCACHEPREFIX=/app/.pycache \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["python", "-m", "bootstrap"]
