# The image of Amperage: Node, the libraries that it loads and the package, on no base image. It has
# neither shell nor package manager, and runs as nobody with a root file system that is read only.
#
#   docker build -t amperage .                    amperage COMMAND, as on a shell
#   docker build -t amperage:adot --target adot . in place of the image of another program
#
# docs/image.md tells which targets there are, and how to build without Docker.
ARG NODE_IMAGE=node:26-bookworm

# The stage that works; npm run image puts the folder "rootfs" in its place.
FROM ${NODE_IMAGE} AS assembled
COPY . /amperage
WORKDIR /amperage
RUN node scripts/prepare.mjs && node_modules/.bin/node scripts/image/assemble.ts /rootfs

FROM scratch AS base
COPY --from=assembled /rootfs /
ENV PATH=/usr/local/bin
# What V8 frees goes back to the system at once; glibc would keep it for later, and first pages of
# many targets are much more than what is held of them.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=1048576
# A volume that ECS mounts there takes the owner of the folder.
COPY --from=assembled --chown=65532:65532 /rootfs/var/lib/amperage /var/lib/amperage
WORKDIR /var/lib/amperage
VOLUME /var/lib/amperage
USER 65532:65532
ENTRYPOINT ["amperage"]
STOPSIGNAL SIGTERM

# In place of prom/prometheus: its default command, and its folder of data.
FROM base AS prometheus
ENV AMPERAGE_COMMAND=collect
COPY --from=assembled --chown=65532:65532 /rootfs/var/lib/amperage /prometheus
WORKDIR /prometheus
VOLUME /prometheus
EXPOSE 9090
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["amperage", "check", "healthcheck", "http://127.0.0.1:9090/-/healthy"]

# In place of victoriametrics/vmagent.
FROM base AS vmagent
ENV AMPERAGE_COMMAND=collect
EXPOSE 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["amperage", "check", "healthcheck", "http://127.0.0.1:9090/-/healthy"]

# In place of amazon/aws-otel-collector, whose health check is /healthcheck in each target.
FROM base AS adot
ENV AMPERAGE_COMMAND=collect
EXPOSE 4317 4318 2000/udp
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["amperage", "check", "healthcheck", "http://127.0.0.1:9090/-/healthy"]

# In place of quay.io/prometheuscommunity/ecs-exporter.
FROM base AS ecs-exporter
ENV AMPERAGE_COMMAND=exporter
EXPOSE 9779
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s \
  CMD ["amperage", "check", "healthcheck", "http://127.0.0.1:9779/health"]

# In place of prometheus-ecs-discovery.
FROM base AS ecs-discovery
ENV AMPERAGE_COMMAND=discover

# In place of prometheus-sdconfig-reloader; the volume is what it shares with Prometheus.
FROM base AS sdconfig-reloader
ENV AMPERAGE_COMMAND=discover
COPY --from=assembled --chown=65532:65532 /rootfs/var/lib/amperage /etc/config
VOLUME /etc/config

# In place of public.ecr.aws/aws-observability/aws-sigv4-proxy.
FROM base AS sigv4-proxy
ENV AMPERAGE_COMMAND=proxy
EXPOSE 8080

# In place of amazon/aws-xray-daemon, whose image gives these two flags; later ones count.
FROM base AS xray
ENTRYPOINT ["amperage", "xray", "-t", "0.0.0.0:2000", "-b", "0.0.0.0:2000"]
COPY --from=assembled --chown=65532:65532 /rootfs/var/lib/amperage /var/lib/amperage-xray
VOLUME /var/lib/amperage-xray
EXPOSE 2000/udp 2000/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["amperage", "xray", "--check"]

FROM base AS amperage
