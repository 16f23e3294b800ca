# One image for the first steps, Airflow's services and the door: they share one environment and one version of the code.
# Behind a mirror: PIP_CONFIG_FILE=$HOME/.config/pip/pip.conf docker compose build  (the file does not end up in the image)
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /opt/pilar
COPY requirements.lock pyproject.toml ./
# What the project runs with, and no tool of its tests. uv holds each package against the lock's hashes.
# Wheels only: nothing is compiled here, and no package runs code of its own while it is installed.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf,required=false \
    python -m venv /opt/uv && python -m venv --without-pip .venv \
    && awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements.lock > /opt/uv/uv.txt \
    && /opt/uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /opt/uv/uv.txt \
    && index=$(/opt/uv/bin/pip config get global.index-url 2>/dev/null || true) \
    && /opt/uv/bin/uv pip install --quiet --no-cache --system-certs --python .venv/bin/python --compile-bytecode --no-build \
        ${index:+--default-index "$index"} --constraint requirements.lock --requirement pyproject.toml setuptools

FROM ${PYTHON_IMAGE}
# Volumes take over the owner of these folders when they are first used.
RUN groupadd --gid 10001 pilar \
    && useradd --uid 10001 --gid pilar --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pilar \
    && install -d -o pilar -g pilar -m 0700 /srv/pilar/keys \
    && install -d -o pilar -g pilar -m 0750 /srv/airflow /srv/airflow/logs \
        /srv/pilar/data /srv/pilar/data/published /srv/pilar/data/logs
WORKDIR /opt/pilar
# The packages are a layer of their own: a new version of the code alone adds a few megabytes.
COPY --from=packages /opt/pilar/.venv .venv
COPY . .
RUN --mount=type=bind,from=packages,source=/opt/uv,target=/opt/uv \
    /opt/uv/bin/uv pip install --quiet --no-cache --offline --python .venv/bin/python --no-deps --no-build-isolation \
        --config-settings editable_mode=compat --editable . \
    && .venv/bin/python -m compileall -q api connectors dags definitions events expectations ledger pilar publication simulator
ENV PATH=/opt/pilar/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
CMD ["pilar", "--help"]
