# The image of binnacle, built by hack/image.  The first stage compiles on Debian with the packages that
# hack/deps names and collects the files; the image holds nothing else: no shell, no package manager.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
# First the packages alone, so that a change of the sources does not install them again.
COPY hack/deps hack/deps
RUN hack/deps --install build \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends ca-certificates
COPY . .
ARG COMMIT=unknown
ARG SOURCE_DATE_EPOCH=0
RUN make -j"$(nproc)" COMMIT="$COMMIT" \
 && hack/image --root /image

FROM scratch
ARG VERSION=unknown
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="binnacle" \
      org.opencontainers.image.description="Keeps the configuration of Prometheus true to a cluster" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /image/ /
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/usr/bin/binnacle"]
