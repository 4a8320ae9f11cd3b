# The server with its console, and with a Postgres of its own for when DATABASE_URL is not set.
#
#   docker build -t syncline .
#   docker run --stop-timeout 35 -p 8080:8080 -v syncline:/data syncline

FROM denoland/deno:2.9.6 AS console
WORKDIR /app
# First what the packages depend on, so that a change of the code does not install them anew.
COPY deno.json deno.lock ./
COPY console/deno.json console/
RUN deno install --frozen
COPY . .
RUN deno task build:console

FROM denoland/deno:2.9.6
WORKDIR /app
COPY deno.json deno.lock ./
COPY docker docker
COPY src src
COPY actors actors
COPY db db
COPY console/build.ts console/
RUN deno run --no-config --allow-read=. --allow-write=deno.json docker/server_only.ts && deno install --entrypoint src/main.ts
COPY --from=console /app/console/dist console/dist

RUN mkdir /data && chown deno:deno /data
VOLUME /data
USER deno

# Clients come from outside the container. DEMO is for `deno task start` only (OPS-4).
ENV HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
EXPOSE 8080

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["deno", "run", "--cached-only", "--no-prompt", "--allow-net", "--allow-env", \
       "--unsafely-ignore-certificate-errors", "src/healthcheck.ts"]

# The base image's entry point replaces itself by deno, so deno gets the SIGTERM of `docker stop` and drains (OPS-3).
# That takes up to 30 s: give it them with --stop-timeout.
STOPSIGNAL SIGTERM
CMD ["run", "--cached-only", "--no-prompt", "--allow-net", "--allow-read", "--allow-write", "--allow-env", \
     "--allow-run", "--allow-sys", "src/main.ts"]
