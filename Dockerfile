# One image for the first steps, Airflow's services and the door: they share one environment and one version of the code.
# Behind a mirror: docker build --secret id=pip,src=$HOME/.config/pip/pip.conf .  (the file does not end up in the image)
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /opt/pilar
COPY requirements.lock ./
# Wheels only: nothing is compiled here, and no package runs code of its own while it is installed.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf,required=false \
    python -m venv .venv \
    && .venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: --requirement requirements.lock
COPY . .
RUN .venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps --no-index \
        --no-build-isolation --config-settings editable_mode=compat --editable . \
    && .venv/bin/python -m compileall -q connectors dags definitions events expectations ledger pilar publication simulator

FROM ${PYTHON_IMAGE}
# Volumes take over the owner of these folders when they are first used.
RUN groupadd --gid 10001 pilar \
    && useradd --uid 10001 --gid pilar --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pilar \
    && install -d -o pilar -g pilar -m 0700 /srv/pilar/keys \
    && install -d -o pilar -g pilar -m 0750 /srv/airflow /srv/airflow/logs \
        /srv/pilar/data /srv/pilar/data/published /srv/pilar/data/logs
COPY --from=build /opt/pilar /opt/pilar
ENV PATH=/opt/pilar/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/pilar
USER 10001:10001
CMD ["pilar", "--help"]
